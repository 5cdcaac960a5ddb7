#include "engine/kernel/filemap.h"

#include "engine/check.h"
#include "engine/kernel/bug.h"
#include "engine/kernel/disk.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/truncate.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

bool is_empty(const AddressSpace& file, PageSpan range) {
  for (int index = range.first; index < range.first + range.count; ++index) {
    if (file.slots[index].load(std::memory_order_relaxed) != nullptr) return false;
  }
  return true;
}

// filemap_add_folio. The folio is new and locked. False if there is a page already where one of its pages is to be.
bool add_to_page_cache(Task& current, Page* folio, AddressSpace& file, int first) {
  const int count = folio->nr_pages();
  file.i_pages_lock.lock_irq(current);
  const auto addition =
      act(current, event::AddToPageCache{.page = folio_fact(current, folio)}, [&](event::AddToPageCache& found) {
        found.page.file = file.number;
        found.page.index = as_fact(first);
        found.added = static_cast<Fact>(is_empty(file, {first, count}));
        if (found.added == 0) return;
        folio->refcount.add(count, std::memory_order_relaxed);
        folio->flags.set(PG_lru, std::memory_order_relaxed);  // folio_add_lru
        if (!mapping_can_writeback(current)) folio->flags.set(PG_swapbacked, std::memory_order_relaxed);
        for (int i = 0; i < count; ++i) {
          folio[i].mapping = static_cast<std::int8_t>(file.number);
          folio[i].index = static_cast<std::uint16_t>(first + i);
          file.slots[first + i].store(folio, std::memory_order_release);
        }
      });
  file.i_pages_lock.unlock_irq(current);
  return addition.added != 0;
}

// end_buffer_async_read, of the last of a folio's buffers; and the transfer.
void end_read(Task& current, const DiskRequest& request) {
  Kernel& kernel = *current.kernel;
  Page* const folio = request.page;
  for (Fact i = 0; i < request.pages; ++i) {
    const DiskPage& disk = kernel.files[request.file].disk[request.index + i];
    act(current, event::ReadFromDisk{.page = frame_fact(current, folio + i)}, [&](event::ReadFromDisk& found) {
      for (int word = 0; word < kernel.config.words; ++word) {
        const Word value = disk.words[word].load(std::memory_order_relaxed);
        kernel.frame(folio + i).words[word].store(value, std::memory_order_relaxed);
        found.words[static_cast<std::size_t>(word)] = value;
      }
      if (i + 1 == request.pages) folio->flags.set(PG_uptodate, std::memory_order_release);
    });
  }
  unlock_page(current, folio);
}

// block_read_full_folio. The page is locked when it is called, until it has been read.
void read_page(Task& current, Page* page, const AddressSpace& file) {
  Page* const folio = page->folio();
  const DiskRequest request{
      .page = folio, .file = file.number, .index = folio->index, .pages = as_fact(folio->nr_pages()), .end = end_read};
  current.kernel->config.disk == 0 ? end_read(current, request) : submit_io(current, request);
}

// filemap_invalidate_lock_shared, unless it is held. Returns whether it was not.
bool take_invalidate_lock(Task& current, AddressSpace& file, bool& held) {
  if (held || !current.kernel->truncates()) return false;
  if (planted(current, Defect::truncation_not_awaited)) return false;
  file.invalidate_lock.down_read(current);
  held = true;
  return true;
}

void drop_invalidate_lock(Task& current, AddressSpace& file, bool& held) {
  if (held) file.invalidate_lock.up_read(current);
  held = false;
}

// Makes a folio for the page at `index`, locked and not up to date, and adds it to the cache: of as many pages as folios of this
// file have (`large`), or of that page alone. False: there is a page already where one of its pages is to be. Null in `folio`: there
// is no memory.
bool add_folio(Task& current, AddressSpace& file, int index, bool large, Page*& folio) {
  const PageSpan place = large ? folio_place(*current.kernel, index) : PageSpan{index, 1};
  folio = alloc_folio(current, place.count);
  if (folio == nullptr) return true;
  lock_new_page(current, folio);
  if (add_to_page_cache(current, folio, file, place.first)) return true;
  unlock_new_page(current, folio);
  put_page(current, folio);
  return false;
}

// Gets a page that is in the cache, adding a new one, locked and not up to date, if there is none. `lock`: whether the
// invalidate_lock is held, which is taken before one is added; null: it need not be.
Page* find_or_create_page(Task& current, AddressSpace& file, int index, bool& created, bool* lock) {
  for (;;) {
    created = false;
    if (Page* const page = find_get_page(current, file, index)) return page;
    if (lock != nullptr && take_invalidate_lock(current, file, *lock)) continue;
    // Where there is no room for a large folio, or no memory, a small one will do.
    const bool large = folio_place(*current.kernel, index).count > 1;
    Page* folio = nullptr;
    bool added = add_folio(current, file, index, large, folio);
    if (large && (!added || folio == nullptr)) added = add_folio(current, file, index, false, folio);
    if (!added) continue;
    created = folio != nullptr;
    return created ? file_page(folio, index) : nullptr;
  }
}

// filemap_get_pages: the page at `index`, up to date, with a reference. Null if there is no memory.
Page* find_page_uptodate(Task& current, AddressSpace& file, int index) {
  for (;;) {
    bool created = false;
    bool locked = false;
    Page* const page = find_or_create_page(current, file, index, created, &locked);
    if (created && page != nullptr) read_page(current, page, file);
    drop_invalidate_lock(current, file, locked);
    if (page == nullptr) return nullptr;
    const auto look =
        act(current, event::ReadUptodate{.page = folio_fact(current, page)},
            [&](event::ReadUptodate& found) { found.flags = page->folio()->flags.load(std::memory_order_acquire); });
    if ((look.flags & PG_uptodate) != 0) return page;
    lock_page(current, page);  // until it has been read in
    unlock_page(current, page);
    put_page(current, page);
  }
}

}  // namespace

bool release_buffers(Task& current, Page* page) {
  const Fact in_use = planted(current, Defect::buffers_of_dirty_page) ? PG_writeback : PG_buffers_dirty | PG_writeback;
  const auto strip =
      act(current, event::StripBuffers{.page = folio_fact(current, page)}, [&](event::StripBuffers& found) {
        Atomic<std::uint32_t>& flags = page->folio()->flags;
        found.was = flags.load(std::memory_order_acquire);
        while ((found.was & PG_buffers) != 0 && (found.was & in_use) == 0) {
          const Fact stripped = found.was & ~static_cast<Fact>(PG_buffers | PG_buffers_dirty | PG_dirty);
          if (flags.compare_exchange(found.was, stripped, std::memory_order_acq_rel)) return;
        }
      });
  if ((strip.was & PG_buffers) == 0) return true;
  if ((strip.was & in_use) != 0) return false;
  put_page(current, page);
  return true;
}

bool looks_dirty(Task& current, Page* page) {
  return (page_flags(current, page) & PG_dirty) != 0 && !planted(current, Defect::dirty_page_removed);
}

void remove_from_page_cache(Task& current, Page* page, AddressSpace& file) {
  Fact flags = 0;
  act(current, event::RemoveFromPageCache{.page = folio_fact(current, page)}, [&](event::RemoveFromPageCache& found) {
    Page* const folio = page->folio();
    const int first = folio->index;
    found.page.file = file.number;
    found.page.index = as_fact(first);
    flags = folio->flags.load(std::memory_order_relaxed);
    for (int i = 0; i < folio->nr_pages(); ++i) {
      file.slots[first + i].store(nullptr, std::memory_order_release);
      file.tags[first + i].store(0, std::memory_order_relaxed);
      folio[i].mapping = -1;
    }
  });
  also_reads(current, places::flags(folio_fact(current, page)));
  warn_on(current, (flags & PG_dirty) != 0 && mapping_can_writeback(current),
          "WARN_ON_ONCE in filemap_unaccount_folio: the folio is dirty");
}

PageSpan folio_place(const Kernel& kernel, int index) {
  const int pages = kernel.truncates() ? 1 : 1 << kernel.config.folio_order;
  const int first = index / pages * pages;
  return first + pages <= kernel.config.pages ? PageSpan{first, pages} : PageSpan{index, 1};
}

Page* look_up(Task& current, AddressSpace& file, int index) {
  Page* page = nullptr;
  act(current, event::LookUpPage{.file = file.number, .index = as_fact(index), .frame = no_fact},
      [&](event::LookUpPage& found) {
        page = file.slots[index].load(std::memory_order_acquire);
        if (page != nullptr) found.frame = current.kernel->pfn(page);
      });
  return page;
}

Page* find_get_page(Task& current, AddressSpace& file, int index) {
  for (;;) {
    Page* const folio = look_up(current, file, index);
    if (folio == nullptr) return nullptr;
    if (!try_get_page(current, folio)) {
      // It is being removed by somebody who holds the lock; the kernel spins.
      file.i_pages_lock.wait_until_free(current);
      continue;
    }
    // The folio may have left the cache, and come back elsewhere, before we had the reference.
    if (look_up(current, file, index) == folio || planted(current, Defect::lookup_not_repeated))
      return file_page(folio, index);
    put_page(current, folio);
  }
}

Page* find_get_page_tag(Task& current, AddressSpace& file, PageSpan range, int& index, CacheTag tag) {
  const int end = range.first + range.count;
  for (;; ++index) {
    act(current,
        event::FindTagged{.file = file.number,
                          .from = as_fact(index),
                          .tag = tag,
                          .again = static_cast<Fact>(index != range.first),
                          .index = no_fact},
        [&](event::FindTagged& found) {
          while (index < end && (file.tags[index].load(std::memory_order_acquire) & tag) == 0) ++index;
          if (index < end) found.index = as_fact(index);
        });
    if (index >= end) return nullptr;
    if (Page* const page = find_get_page(current, file, index)) return page;
  }
}

namespace {

// The page at `index`, locked, up to date, with a reference; read from the disk if need be. Null if there is no memory. `lock`: as
// of find_or_create_page.
Page* find_lock_page_uptodate(Task& current, AddressSpace& file, int index, bool* lock) {
  for (;;) {
    bool created = false;
    Page* const page = find_or_create_page(current, file, index, created, lock);
    if (page == nullptr) return nullptr;
    if (created) read_page(current, page, file);
    lock_page(current, page);
    if (page->mapping == file.number && page->index == index) {
      if (page->test(PG_uptodate)) return page;
      read_page(current, page, file);  // which unlocks it
    } else {
      unlock_page(current, page);
    }
    put_page(current, page);
  }
}

}  // namespace

int i_size_read(Task& current, const AddressSpace& file) {
  also_reads(current, {.kind = Places::Kind::size, .number = file.number});
  if (!current.kernel->truncates()) return file.i_size.load(std::memory_order_relaxed);
  const auto look = act(current, event::ReadFileSize{.file = file.number}, [&](event::ReadFileSize& found) {
    found.pages = as_fact(file.i_size.load(std::memory_order_acquire));
  });
  return static_cast<int>(look.pages);
}

void i_size_write(Task& current, AddressSpace& file, int pages) {
  act(current, event::SetFileSize{.file = file.number, .pages = as_fact(pages)},
      [&] { file.i_size.store(pages, std::memory_order_release); });
}

VmFault filemap_fault(Task& current, AddressSpace& file, int index, Page*& page) {
  if (index >= i_size_read(current, file)) return VmFault::sigbus;
  bool locked = false;
  page = find_lock_page_uptodate(current, file, index, &locked);
  drop_invalidate_lock(current, file, locked);
  if (page == nullptr) return VmFault::oom;
  if (index < i_size_read(current, file) || planted(current, Defect::size_not_read_again)) return VmFault::none;
  unlock_page(current, page);
  put_page(current, page);
  return VmFault::sigbus;
}

void attach_buffers(Task& current, Page* page, bool dirty) {
  also_reads(current, places::flags(folio_fact(current, page)));
  if (page->test(PG_buffers)) return;
  act(current, event::AttachBuffers{.page = folio_fact(current, page)}, [&] {
    Page& folio = *page->folio();
    folio.refcount.add(1, std::memory_order_relaxed);
    const bool inherits = folio.test(PG_dirty);
    folio.flags.set(dirty || inherits ? PG_buffers | PG_buffers_dirty : PG_buffers, std::memory_order_release);
  });
}

void file_read(Task& current, AddressSpace& file, int index) {
  Kernel& kernel = *current.kernel;
  if (index >= i_size_read(current, file)) return;
  Page* const page = find_page_uptodate(current, file, index);
  if (page == nullptr) return;
  const bool ends_before = index >= i_size_read(current, file);
  for (int word = 0; word < kernel.config.words && !ends_before; ++word) {
    act(current, event::ReadWord{.page = frame_fact(current, page), .word = as_fact(word)},
        [&](event::ReadWord& found) {
          found.page.file = file.number;
          found.page.index = as_fact(index);
          found.value = kernel.frame(page).words[word].load(std::memory_order_relaxed);
        });
  }
  if (!ends_before) mark_page_accessed(current, page);
  put_page(current, page);
}

void file_write(Task& current, AddressSpace& file, int index) {
  Kernel& kernel = *current.kernel;
  file.i_rwsem.down_write(current);
  Page* const page = find_lock_page_uptodate(current, file, index, nullptr);  // write_begin
  if (page != nullptr) {
    if (kernel.config.keeps_buffers()) attach_buffers(current, page);
    for (int word = 0; word < kernel.config.words; ++word) {
      act(current, event::WriteWord{.page = frame_fact(current, page), .word = as_fact(word)},
          [&](event::WriteWord& found) {
            found.page.file = file.number;
            found.page.index = as_fact(index);
            found.value = kernel.next_value();
            kernel.frame(page).words[word].store(found.value, std::memory_order_relaxed);
          });
    }
    set_page_dirty(current, page);  // write_end
    if (index >= i_size_read(current, file)) i_size_write(current, file, index + 1);
    unlock_page(current, page);
    put_page(current, page);
  }
  note(current, event::WriteReturns{.file = file.number, .index = as_fact(index)});
  file.i_rwsem.up_write(current);
}

void fadvise_dontneed(Task& current, AddressSpace& file, PageSpan range) {
  filemap_fdatawrite_range(current, file, range, SyncMode::none);
  // noop_backing_dev_info: the advice is ignored.
  if (mapping_can_writeback(current)) invalidate_mapping_pages(current, file, range);
}

}  // namespace shootdown
