#include "engine/kernel/writeback.h"

#include "engine/check.h"
#include "engine/kernel/filemap.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/rmap.h"

namespace shootdown {

namespace {

void set_tag(AddressSpace& file, int index, std::uint8_t tag) {
  file.tags[index].fetch_or(tag, std::memory_order_relaxed);
}

void clear_tag(AddressSpace& file, int index, std::uint8_t tag) {
  file.tags[index].fetch_and(static_cast<std::uint8_t>(~tag), std::memory_order_relaxed);
}

// __folio_mark_dirty.
void tag_page_dirty(Task& current, Page* page, AddressSpace& file) {
  Kernel& kernel = *current.kernel;
  file.i_pages_lock.lock_irq(kernel.sched);
  if (page->mapping == file.number) {  // not truncated meanwhile
    step(current, Verb::set, Object::dirty_tag, file.number, page->index);
    set_tag(file, page->index, PAGECACHE_TAG_DIRTY);
  }
  file.i_pages_lock.unlock_irq(kernel.sched);
}

// __folio_start_writeback. The page is locked.
void set_page_writeback(Task& current, Page* page, AddressSpace& file) {
  Kernel& kernel = *current.kernel;
  file.i_pages_lock.lock_irq(kernel.sched);
  step(current, Verb::set, Object::page_writeback, kernel.pfn(page));
  page->flags.fetch_or(PG_writeback, std::memory_order_relaxed);
  set_tag(file, page->index, PAGECACHE_TAG_WRITEBACK);
  if (!page->test(PG_dirty)) clear_tag(file, page->index, PAGECACHE_TAG_DIRTY);
  clear_tag(file, page->index, PAGECACHE_TAG_TOWRITE);
  file.i_pages_lock.unlock_irq(kernel.sched);
}

// folio_end_writeback.
void end_page_writeback(Task& current, Page* page, AddressSpace& file, int index) {
  Kernel& kernel = *current.kernel;
  file.i_pages_lock.lock_irq(kernel.sched);
  step(current, Verb::clear, Object::page_writeback, kernel.pfn(page));
  page->flags.fetch_and(~static_cast<std::uint32_t>(PG_writeback), std::memory_order_release);
  clear_tag(file, index, PAGECACHE_TAG_WRITEBACK);
  file.i_pages_lock.unlock_irq(kernel.sched);
  kernel.sched.wake(page->waiters);
}

// __block_write_full_page and the disk. The page is locked when it is called, and not when it returns.
void write_page(Task& current, Page* page, AddressSpace& file) {
  Kernel& kernel = *current.kernel;
  const int index = page->index;
  if (kernel.config.buffers != 0) attach_buffers(current, page);
  set_page_writeback(current, page, file);
  unlock_page(current, page);
  for (int word = 0; word < kernel.config.words; ++word) {
    step(current, Verb::copy, Object::page_data, kernel.pfn(page), word);
    const Word value = kernel.frame(page).words[word].load(std::memory_order_relaxed);
    file.disk[index][word].store(value, std::memory_order_relaxed);
    result(current, value);
  }
  end_page_writeback(current, page, file, index);
}

// tag_pages_for_writeback: fixes the set of pages to write, so that pages dirtied meanwhile cannot
// keep the caller busy for ever.
void tag_pages_for_writeback(Task& current, AddressSpace& file, int first, int count) {
  Kernel& kernel = *current.kernel;
  file.i_pages_lock.lock_irq(kernel.sched);
  step(current, Verb::set, Object::towrite_tag, file.number, first);
  for (int index = first; index < first + count; ++index) {
    if ((file.tags[index].load(std::memory_order_relaxed) & PAGECACHE_TAG_DIRTY) != 0)
      set_tag(file, index, PAGECACHE_TAG_TOWRITE);
  }
  file.i_pages_lock.unlock_irq(kernel.sched);
}

// Body of the loop of write_cache_pages. Takes the page locked, leaves it unlocked.
void write_cache_page(Task& current, Page* page, AddressSpace& file, SyncMode mode) {
  step(current, Verb::read, Object::page_dirty, current.kernel->pfn(page));
  const bool dirty = page->test(PG_dirty);
  result(current, static_cast<std::uint64_t>(dirty));
  if (page->mapping != file.number || !dirty) {
    unlock_page(current, page);
    return;
  }
  if (mode == SyncMode::all) {
    wait_on_page_writeback(current, page);
  } else if (page->test(PG_writeback)) {
    unlock_page(current, page);
    return;
  }
  if (clear_page_dirty_for_io(current, page)) {
    write_page(current, page, file);
  } else {
    unlock_page(current, page);
  }
}

// __filemap_fdatawait_range.
void filemap_fdatawait_range(Task& current, AddressSpace& file, int first, int count) {
  for (int index = first; index < first + count; ++index) {
    Page* const page = find_get_page_tag(current, file, index, first + count, PAGECACHE_TAG_WRITEBACK);
    if (page == nullptr) return;
    wait_on_page_writeback(current, page);
    put_page(current, page);
  }
}

}  // namespace

bool set_page_dirty(Task& current, Page* page) {
  Kernel& kernel = *current.kernel;
  step(current, Verb::set, Object::page_dirty, kernel.pfn(page));
  const std::uint32_t was = page->flags.fetch_or(PG_dirty, std::memory_order_seq_cst);
  result(current, static_cast<std::uint64_t>((was & PG_dirty) == 0));
  {
    const Unwatched unwatched;
    kernel.watcher.dirtied(current.cpu, *page, was, current.page_table_locked);
  }
  if ((was & PG_dirty) != 0) return false;
  if (page->mapping >= 0) tag_page_dirty(current, page, kernel.files[static_cast<std::size_t>(page->mapping)]);
  return true;
}

bool clear_page_dirty_for_io(Task& current, Page* page) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  // What is dirty in a page table only becomes PG_dirty first: the filesystem is told before the page
  // is cleaned again.
  if (page_mkclean(current, page) != 0) set_page_dirty(current, page);
  step(current, Verb::clear, Object::page_dirty, current.kernel->pfn(page));
  const std::uint32_t was = page->flags.fetch_and(~static_cast<std::uint32_t>(PG_dirty), std::memory_order_seq_cst);
  return (was & PG_dirty) != 0;
}

void filemap_fdatawrite_range(Task& current, AddressSpace& file, int first, int count, SyncMode mode) {
  const int end = first + count;
  const CacheTag tag = mode == SyncMode::all ? PAGECACHE_TAG_TOWRITE : PAGECACHE_TAG_DIRTY;
  if (mode == SyncMode::all) tag_pages_for_writeback(current, file, first, count);
  for (int index = first; index < end; ++index) {
    Page* const page = find_get_page_tag(current, file, index, end, tag);
    if (page == nullptr) break;
    lock_page(current, page);
    write_cache_page(current, page, file, mode);
    put_page(current, page);
  }
}

void fsync_range(Task& current, AddressSpace& file, int first, int count) {
  Watcher& watcher = current.kernel->watcher;
  const PageRange range{file.number, first, count};
  step(current, Verb::read, Object::dirty_tag, file.number, first);
  {
    const Unwatched unwatched;
    watcher.fsync_started(current.cpu, range);
  }
  filemap_fdatawrite_range(current, file, first, count, SyncMode::all);
  filemap_fdatawait_range(current, file, first, count);
  const Unwatched unwatched;
  watcher.fsync_returned(current.cpu, range);
}

void mark_page_accessed(Task& current, Page* page) {
  step(current, Verb::set, Object::page_referenced, current.kernel->pfn(page));
  const std::uint32_t flags = page->flags.load(std::memory_order_relaxed);
  // The first access makes it referenced, the second active.
  if ((flags & PG_referenced) == 0) {
    page->flags.fetch_or(PG_referenced, std::memory_order_relaxed);
  } else if ((flags & PG_active) == 0) {
    page->flags.fetch_or(PG_active, std::memory_order_relaxed);
    page->flags.fetch_and(~static_cast<std::uint32_t>(PG_referenced), std::memory_order_relaxed);
  }
}

}  // namespace shootdown
