#include "engine/kernel/truncate.h"

#include <algorithm>
#include <array>
#include <span>

#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/vmscan.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

// --- pages that are clean ---

namespace {

// mapping_evict_folio. The page is locked, and the caller has a reference.
void mapping_evict_page(Task& current, Page* page, AddressSpace& file) {
  Fact flags = 0;
  const auto look =
      act(current, event::ReadRefcount{.page = folio_fact(current, page)}, [&](event::ReadRefcount& found) {
        flags = page->folio()->flags.load(std::memory_order_relaxed);
        found.refcount = page->folio()->refcount.load(std::memory_order_relaxed);
      });
  if ((flags & (PG_dirty | PG_writeback)) != 0) return;
  const int buffers = (flags & PG_buffers) != 0 ? 1 : 0;
  if (look.refcount > page->nr_pages() + buffers + 1) return;  // mapped, or in use
  if (!release_buffers(current, page)) return;
  remove_mapping(current, page, file);
}

}  // namespace

void invalidate_mapping_pages(Task& current, AddressSpace& file, PageSpan range) {
  const int end = range.first + range.count;
  int index = range.first;
  while (index < end) {
    Page* const folio = look_up(current, file, index);
    // find_lock_entries: one that is locked or under writeback, or not all in the range, is passed over.
    if (folio == nullptr || !try_get_page(current, folio)) {
      ++index;
      continue;
    }
    const int next = next_index(folio, index);
    const int first = next - folio->nr_pages();
    if (first >= range.first && next <= end && trylock_page(current, folio)) {
      if (folio->mapping == file.number && folio->index == first && !folio->test(PG_writeback))
        mapping_evict_page(current, folio, file);
      unlock_page(current, folio);
    }
    put_page(current, folio);
    index = next;
  }
}

namespace {

// invalidate_complete_folio2. The page is locked. Others may have references: they do not keep it in the page cache.
void invalidate_complete_page(Task& current, Page* page, AddressSpace& file) {
  if (!release_buffers(current, page)) return;
  file.i_pages_lock.lock_irq(current);
  const bool removed = !looks_dirty(current, page);
  if (removed) remove_from_page_cache(current, page, file);
  file.i_pages_lock.unlock_irq(current);
  if (removed) put_page_refs(current, page, page->nr_pages());  // the page cache's references
}

// Body of the loop of invalidate_inode_pages2_range. Takes the page locked.
void invalidate_page(Task& current, Page* page, AddressSpace& file) {
  if (page->mapping != file.number) return;
  wait_on_page_writeback(current, page);
  if (page_mapped(current, page)) unmap_mapping_page(current, page);
  // No filesystem here has a launder_folio.
  invalidate_complete_page(current, page, file);
}

}  // namespace

void invalidate_inode_pages2_range(Task& current, AddressSpace& file, PageSpan range) {
  const int end = range.first + range.count;
  bool did_range_unmap = false;
  for (int index = range.first; index < end; ++index) {
    Page* const page = find_get_page(current, file, index);
    if (page == nullptr) continue;
    if (!did_range_unmap && page_mapped(current, page)) {
      unmap_mapping_pages(current, file, {index, end - index}, false);
      did_range_unmap = true;
    }
    lock_page(current, page);
    invalidate_page(current, page, file);
    unlock_page(current, page);
    index = next_index(page, index) - 1;
    put_page(current, page);
  }
}

void truncate_error_page(Task& current, Page* page) {
  invalidate_complete_page(current, page, current.kernel->files[page->mapping]);
}

// --- pages that are not wanted any more ---

namespace {

// truncate_cleanup_folio. The page is locked.
void truncate_cleanup_page(Task& current, Page* page) {
  if (page_mapped(current, page) && !planted(current, Defect::truncated_page_mapped)) unmap_mapping_page(current, page);
  // block_invalidate_folio cleans the buffers, whatever they were. Who makes them dirty again at once keeps them in the
  // kernel.
  do {
    also_reads(current, places::flags(frame_fact(current, page)));
    if (page->test(PG_buffers_dirty)) clean_buffers(current, page);
  } while (!release_buffers(current, page));
  cancel_dirty_page(current, page);
}

// find_lock_entries: pages from `index` on, locked, with a reference each. Who would have to be waited for is passed over. Moves
// `index` behind the last.
std::span<Page*> find_lock_entries(Task& current, AddressSpace& file, int& index, int end,
                                   std::array<Page*, max_pages_truncated>& pages) {
  std::size_t count = 0;
  for (; index < end && count < pages.size(); ++index) {
    Page* const page = find_get_page(current, file, index);
    if (page == nullptr) continue;
    if (trylock_page(current, page)) {
      if (page->mapping == file.number && !page->test(PG_writeback)) {
        pages[count++] = page;
        continue;
      }
      unlock_page(current, page);
    }
    put_page(current, page);
  }
  return std::span(pages).first(count);
}

// delete_from_page_cache_batch.
void delete_from_page_cache_batch(Task& current, AddressSpace& file, std::span<Page* const> pages) {
  file.i_pages_lock.lock_irq(current);
  for (Page* const page : pages) remove_from_page_cache(current, page, file);
  file.i_pages_lock.unlock_irq(current);
  for (Page* const page : pages) put_page(current, page);
}

// truncate_inode_folio, of a page that is waited for. The caller has a reference.
void truncate_inode_page(Task& current, AddressSpace& file, Page* page) {
  lock_page(current, page);
  if (!planted(current, Defect::truncated_under_writeback)) wait_on_page_writeback(current, page);
  if (page->mapping == file.number) {
    truncate_cleanup_page(current, page);
    delete_from_page_cache_batch(current, file, {&page, 1});
  }
  unlock_page(current, page);
  put_page(current, page);
}

// truncate_inode_pages_range, of whole pages.
void truncate_inode_pages_range(Task& current, AddressSpace& file, PageSpan range) {
  const int end = range.first + range.count;
  std::array<Page*, max_pages_truncated> room{};
  for (int index = range.first; index < end;) {
    const std::span<Page* const> pages = find_lock_entries(current, file, index, end, room);
    if (pages.empty()) break;
    for (Page* const page : pages) truncate_cleanup_page(current, page);
    delete_from_page_cache_batch(current, file, pages);
    for (Page* const page : pages) unlock_page(current, page);
    for (Page* const page : pages) put_page(current, page);
  }
  // Until there is none: others may have added some meanwhile.
  for (bool found = true; found;) {
    found = false;
    for (int index = range.first; index < end; ++index) {
      Page* const page = find_get_page(current, file, index);
      if (page == nullptr) continue;
      truncate_inode_page(current, file, page);
      found = true;
    }
  }
}

// truncate_pagecache. Private mappings may get copies of pages until these have gone: so they are unmapped twice.
void truncate_pagecache(Task& current, AddressSpace& file, PageSpan range) {
  unmap_mapping_pages(current, file, range, true);
  truncate_inode_pages_range(current, file, range);
  if (!planted(current, Defect::late_copies_kept)) unmap_mapping_pages(current, file, range, true);
}

// truncate_pagecache_range: copies of what was in a hole stay.
void truncate_pagecache_range(Task& current, AddressSpace& file, PageSpan range) {
  unmap_mapping_pages(current, file, range, false);
  truncate_inode_pages_range(current, file, range);
}

void begin_discard(Task& current, const AddressSpace& file, PageSpan range) {
  note(current, event::BeginDiscard{.file = file.number, .first = as_fact(range.first), .count = as_fact(range.count)});
}

// The filesystem frees the blocks of pages, which are zeros when they are read again.
void free_blocks(Task& current, AddressSpace& file, PageSpan range) {
  const event::EndDiscard end{.file = file.number, .first = as_fact(range.first), .count = as_fact(range.count)};
  act(current, end, [&] {
    for (int index = range.first; index < range.first + range.count; ++index) {
      for (Atomic<Word>& word : file.disk[index].words) word.store(0, std::memory_order_relaxed);
    }
  });
}

}  // namespace

void truncate(Task& current, AddressSpace& file, int pages) {
  file.i_rwsem.down_write(current);
  const int had = i_size_read(current, file);
  file.invalidate_lock.down_write(current);
  const PageSpan cut_off{pages, had - pages};
  if (cut_off.count > 0) begin_discard(current, file, cut_off);
  // truncate_setsize
  i_size_write(current, file, pages);
  truncate_pagecache(current, file, {pages, current.kernel->config.pages - pages});
  if (cut_off.count > 0) free_blocks(current, file, cut_off);
  file.invalidate_lock.up_write(current);
  file.i_rwsem.up_write(current);
}

void punch_hole(Task& current, AddressSpace& file, PageSpan range) {
  file.i_rwsem.down_write(current);
  const int end = std::min(range.first + range.count, i_size_read(current, file));
  const PageSpan hole{range.first, end - range.first};
  if (hole.count > 0) {
    file.invalidate_lock.down_write(current);
    begin_discard(current, file, hole);
    truncate_pagecache_range(current, file, hole);
    free_blocks(current, file, hole);
    file.invalidate_lock.up_write(current);
  }
  file.i_rwsem.up_write(current);
}

}  // namespace shootdown
