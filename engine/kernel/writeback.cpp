#include "engine/kernel/writeback.h"

#include <algorithm>

#include "engine/kernel/bug.h"
#include "engine/kernel/disk.h"
#include "engine/kernel/filemap.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/rmap.h"

namespace shootdown {

namespace {

// Of all places of a folio. The lock of the file's i_pages is held.
void set_tag(AddressSpace& file, const Page* folio, std::uint8_t tag) {
  const int first = folio->index;
  for (int i = 0; i < folio->nr_pages(); ++i) file.tags[first + i].set(tag, std::memory_order_relaxed);
}

// The same of places that it had, if it is there no more.
void clear_tag(AddressSpace& file, Fact first, Fact count, std::uint8_t tag) {
  for (Fact i = 0; i < count; ++i) file.tags[first + i].clear(tag, std::memory_order_relaxed);
}

void clear_tag(AddressSpace& file, const Page* folio, std::uint8_t tag) {
  clear_tag(file, folio->index, as_fact(folio->nr_pages()), tag);
}

// __folio_mark_dirty.
void tag_page_dirty(Task& current, Page* folio, AddressSpace& file) {
  file.i_pages_lock.lock_irq(current);
  if (folio->mapping == file.number) {  // not truncated meanwhile
    act(current,
        event::TagPage{.file = file.number,
                       .index = folio->index,
                       .tag = PAGECACHE_TAG_DIRTY,
                       .pages = as_fact(folio->nr_pages())},
        [&] { set_tag(file, folio, PAGECACHE_TAG_DIRTY); });
  }
  file.i_pages_lock.unlock_irq(current);
}

// __folio_start_writeback. The page is locked.
void set_page_writeback(Task& current, Page* folio, AddressSpace& file) {
  file.i_pages_lock.lock_irq(current);
  act(current, event::SetWriteback{.page = folio_fact(current, folio)}, [&] {
    folio->flags.set(PG_writeback, std::memory_order_relaxed);
    set_tag(file, folio, PAGECACHE_TAG_WRITEBACK);
    if (!folio->test(PG_dirty) || planted(current, Defect::tag_of_dirty_page_cleared))
      clear_tag(file, folio, PAGECACHE_TAG_DIRTY);
    clear_tag(file, folio, PAGECACHE_TAG_TOWRITE);
  });
  file.i_pages_lock.unlock_irq(current);
}

// folio_end_writeback. Until now the folio could not leave the page cache.
void end_page_writeback(Task& current, const DiskRequest& request) {
  Page* const folio = request.page;
  AddressSpace& file = current.kernel->files[request.file];
  const Fact cleared = planted(current, Defect::end_of_writeback_cleans) ? PG_writeback | PG_dirty : PG_writeback;
  Fact was = 0;
  file.i_pages_lock.lock_irq(current);
  act(current, event::ClearWriteback{.page = folio_fact(current, folio)}, [&] {
    was = folio->flags.fetch_and(~cleared, std::memory_order_release);
    clear_tag(file, request.index, request.pages, PAGECACHE_TAG_WRITEBACK);
  });
  file.i_pages_lock.unlock_irq(current);
  bug_on(current, (was & PG_writeback) == 0, "BUG in folio_end_writeback: the folio is not under writeback");
  current.kernel->sched.wake(folio->waiters);
}

// The disk takes what is in one page.
void write_to_disk(Task& current, const Page* page, Fact file, Fact index) {
  const Kernel& kernel = *current.kernel;
  DiskPage& disk = kernel.files[file].disk[index];
  for (int word = 0; word < kernel.config.words; ++word) {
    act(current, event::WriteToDisk{.page = frame_fact(current, page), .word = as_fact(word)},
        [&](event::WriteToDisk& found) {
          found.page.file = file;
          found.page.index = index;
          found.value = kernel.frame(page).words[word].load(std::memory_order_relaxed);
          disk.words[word].store(found.value, std::memory_order_relaxed);
        });
  }
}

// end_buffer_async_write, of the last of a folio's buffers; and the transfer.
void end_write(Task& current, const DiskRequest& request) {
  for (Fact i = 0; i < request.pages; ++i) write_to_disk(current, request.page + i, request.file, request.index + i);
  if (planted(current, Defect::buffers_cleaned_late)) clean_buffers(current, request.page);
  if (!planted(current, Defect::writeback_ended_early)) end_page_writeback(current, request);
}

// submit_bh, of all of a folio's buffers, which unlocks the folio when the disk has been asked. One that is memory takes the data
// at once.
void submit_write(Task& current, const DiskRequest& request, bool locked) {
  const bool answers_at_once = current.kernel->config.disk == 0;
  if (!answers_at_once) submit_io(current, request);
  if (locked) unlock_page(current, request.page);
  if (answers_at_once) end_write(current, request);
}

// __block_write_full_page. The folio is locked when it is called, and not when it returns. Where there are buffers, it is they that
// say whether there is anything to write; and before they are clean, nobody is kept from making the folio dirty, and them.
void write_page(Task& current, Page* page, AddressSpace& file) {
  const bool has_buffers = current.kernel->config.keeps_buffers();
  Page* const folio = page->folio();
  if (has_buffers) {
    // block_write_full_page: it is being cut off.
    if (folio->index >= i_size_read(current, file)) return unlock_page(current, folio);
    attach_buffers(current, folio, true);
  }
  const bool cleans_late = has_buffers && planted(current, Defect::buffers_cleaned_late);
  const bool writes = !has_buffers || (cleans_late ? folio->test(PG_buffers_dirty) : clean_buffers(current, folio));
  const DiskRequest request{.page = folio,
                            .file = file.number,
                            .index = folio->index,
                            .pages = as_fact(folio->nr_pages()),
                            .writes = true,
                            .end = end_write};
  const bool unlocks_early = planted(current, Defect::writeback_set_unlocked);
  if (unlocks_early) unlock_page(current, folio);
  set_page_writeback(current, folio, file);
  if (planted(current, Defect::writeback_ended_early)) end_page_writeback(current, request);
  if (writes) return submit_write(current, request, !unlocks_early);
  if (!unlocks_early) unlock_page(current, folio);
  end_page_writeback(current, request);
}

// tag_pages_for_writeback: fixes the set of pages to write, so that pages dirtied meanwhile cannot
// keep the caller busy for ever.
void tag_pages_for_writeback(Task& current, AddressSpace& file, PageSpan range) {
  file.i_pages_lock.lock_irq(current);
  act(current,
      event::TagForWriteback{.file = file.number, .first = as_fact(range.first), .count = as_fact(range.count)}, [&] {
        for (int index = range.first; index < range.first + range.count; ++index) {
          if ((file.tags[index].load(std::memory_order_relaxed) & PAGECACHE_TAG_DIRTY) != 0)
            file.tags[index].set(PAGECACHE_TAG_TOWRITE, std::memory_order_relaxed);
        }
      });
  file.i_pages_lock.unlock_irq(current);
}

// Body of the loop of write_cache_pages. Takes the page locked, leaves it unlocked.
void write_cache_page(Task& current, Page* page, AddressSpace& file, SyncMode mode) {
  const bool dirty = (page_flags(current, page, true) & PG_dirty) != 0;
  if (page->mapping != file.number || !dirty) {
    unlock_page(current, page);
    return;
  }
  const bool waits = mode == SyncMode::all && !planted(current, Defect::fsync_skips_writeback);
  if (waits && !planted(current, Defect::written_twice_at_once)) {
    wait_on_page_writeback(current, page);
  } else if (!waits && page->test(PG_writeback)) {
    unlock_page(current, page);
    return;
  }
  bug_on(current, page->test(PG_writeback), "BUG_ON in write_cache_pages: the page is under writeback");
  if (clear_page_dirty_for_io(current, page)) {
    write_page(current, page, file);
  } else {
    unlock_page(current, page);
  }
}

// __filemap_fdatawait_range.
void filemap_fdatawait_range(Task& current, AddressSpace& file, PageSpan range) {
  for (int index = range.first; index < range.first + range.count; ++index) {
    Page* const page = find_get_page_tag(current, file, range, index, PAGECACHE_TAG_WRITEBACK);
    if (page == nullptr) return;
    wait_on_page_writeback(current, page);
    index = next_index(page, index) - 1;
    put_page(current, page);
  }
}

// Whether the task holds the lock of a page table in which a page of the folio can be mapped.
SHOOTDOWN_HARNESS bool table_locked(const Task& current, const Page* folio) {
  if (folio->mapping < 0 || !current.held.contains(LockClass::page_table)) return false;
  const Unwatched unwatched;
  const Kernel& kernel = *current.kernel;
  const AddressSpace& file = kernel.files[folio->mapping];
  const auto has_place = [&](const Vma* vma, int index) {
    const int address = vma->start + (index - vma->pgoff);
    const int table = address >> kernel.config.table_shift;
    return address >= vma->start && address < vma->end &&
           current.held.contains(LockFact{.kind = LockClass::page_table, .owner = vma->mm, .number = as_fact(table)});
  };
  return std::ranges::any_of(file.i_mmap.first(file.i_mmap_count), [&](const Vma* vma) {
    for (int i = 0; i < folio->nr_pages(); ++i) {
      if (has_place(vma, folio->index + i)) return true;
    }
    return false;
  });
}

}  // namespace

namespace {

// folio_mapping. The page need not be locked: whoever must be sure looks again under the lock of i_pages.
SHOOTDOWN_HARNESS int mapping_of(const Page* page) {
  return page->mapping;
}

}  // namespace

bool set_page_dirty(Task& current, Page* page) {
  const Kernel& kernel = *current.kernel;
  Page* const folio = page->folio();
  const auto set = act(current, event::SetDirty{.page = folio_fact(current, folio)}, [&](event::SetDirty& found) {
    found.table_locked = static_cast<Fact>(table_locked(current, folio));
    // Both at once: the buffers are there, and are made dirty, under private_lock.
    const Fact dirty = folio->test(PG_buffers) ? PG_dirty | PG_buffers_dirty : PG_dirty;
    found.was = folio->flags.fetch_or(dirty, std::memory_order_seq_cst);
    found.mapcount = folio->mapcount.load(std::memory_order_relaxed);
  });
  if ((set.was & PG_dirty) != 0) return false;
  const int file = mapping_of(folio);
  if (file >= 0 && mapping_can_writeback(current)) tag_page_dirty(current, folio, kernel.files[file]);
  return true;
}

void set_page_dirty_lock(Task& current, Page* page) {
  lock_page(current, page);
  set_page_dirty(current, page);
  unlock_page(current, page);
}

bool clean_buffers(Task& current, Page* page) {
  const auto cleaned =
      act(current, event::CleanBuffers{.page = folio_fact(current, page)}, [&](event::CleanBuffers& found) {
        found.was = page->folio()->flags.fetch_and(~static_cast<Fact>(PG_buffers_dirty), std::memory_order_seq_cst);
      });
  return (cleaned.was & PG_buffers_dirty) != 0;
}

bool clear_page_dirty(Task& current, Page* page) {
  const auto cleared =
      act(current, event::ClearDirty{.page = folio_fact(current, page)}, [&](event::ClearDirty& found) {
        found.was = page->folio()->flags.fetch_and(~static_cast<Fact>(PG_dirty), std::memory_order_seq_cst);
      });
  return (cleared.was & PG_dirty) != 0;
}

bool clear_page_dirty_for_io(Task& current, Page* page) {
  bug_on(current, !page_locked(current, page), "VM_BUG_ON_FOLIO in folio_clear_dirty_for_io: the folio is not locked");
  // What is dirty in a page table only becomes PG_dirty first: the filesystem is told before the page
  // is cleaned again.
  const bool mkclean_comes_late = planted(current, Defect::cleaned_before_mkclean);
  const bool was_dirty = !mkclean_comes_late && page_mkclean(current, page) != 0;
  if (was_dirty && !planted(current, Defect::mkclean_result_dropped)) set_page_dirty(current, page);
  const bool cleared = clear_page_dirty(current, page);
  if (mkclean_comes_late) page_mkclean(current, page);
  return cleared;
}

void cancel_dirty_page(Task& current, Page* page) {
  also_reads(current, places::flags(folio_fact(current, page)));
  if (page->test(PG_dirty)) clear_page_dirty(current, page);
}

void filemap_fdatawrite_range(Task& current, AddressSpace& file, PageSpan range, SyncMode mode) {
  const CacheTag tag = mode == SyncMode::all ? PAGECACHE_TAG_TOWRITE : PAGECACHE_TAG_DIRTY;
  if (mode == SyncMode::all) tag_pages_for_writeback(current, file, range);
  for (int index = range.first; index < range.first + range.count; ++index) {
    Page* const page = find_get_page_tag(current, file, range, index, tag);
    if (page == nullptr) break;
    lock_page(current, page);
    write_cache_page(current, page, file, mode);
    index = next_index(page, index) - 1;
    put_page(current, page);
  }
}

void fsync_range(Task& current, AddressSpace& file, PageSpan range) {
  const auto first = as_fact(range.first);
  const auto count = as_fact(range.count);
  act(current, event::FsyncBegins{.file = file.number, .first = first, .count = count}, [] {});
  filemap_fdatawrite_range(current, file, range, SyncMode::all);
  if (!planted(current, Defect::fsync_does_not_wait)) filemap_fdatawait_range(current, file, range);
  note(current, event::FsyncReturns{.file = file.number, .first = first, .count = count});
}

void start_swap_writeback(Task& current, Page* page) {
  act(current, event::SetWriteback{.page = frame_fact(current, page)},
      [&] { page->flags.set(PG_writeback, std::memory_order_relaxed); });
}

void end_swap_writeback(Task& current, Page* page) {
  Fact was = 0;
  act(current, event::ClearWriteback{.page = frame_fact(current, page)},
      [&] { was = page->flags.fetch_and(~static_cast<Fact>(PG_writeback), std::memory_order_release); });
  bug_on(current, (was & PG_writeback) == 0, "BUG in folio_end_writeback: the folio is not under writeback");
  current.kernel->sched.wake(page->waiters);
}

void mark_page_accessed(Task& current, Page* page) {
  Atomic<Fact>& flags = page->folio()->flags;
  act(current, event::MarkAccessed{.page = folio_fact(current, page)}, [&] {
    const Fact was = flags.load(std::memory_order_relaxed);
    // The first access makes it referenced, the second active.
    if ((was & PG_referenced) == 0) {
      flags.set(PG_referenced, std::memory_order_relaxed);
    } else if ((was & PG_active) == 0) {
      flags.set(PG_active, std::memory_order_relaxed);
      flags.clear(PG_referenced, std::memory_order_relaxed);
    }
  });
}

}  // namespace shootdown
