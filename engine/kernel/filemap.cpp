#include "engine/kernel/filemap.h"

#include "engine/check.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

// filemap_add_folio. The page is new and locked. False if there is one already.
bool add_to_page_cache(Task& current, Page* page, AddressSpace& file, int index) {
  Kernel& kernel = *current.kernel;
  file.i_pages_lock.lock_irq(kernel.sched);
  step(current, Verb::set, Object::cache_slot, file.number, index);
  const bool added = file.slots[index].load(std::memory_order_relaxed) == nullptr;
  result(current, static_cast<std::uint64_t>(added));
  if (added) {
    page->mapping = static_cast<std::int8_t>(file.number);
    page->index = static_cast<std::uint16_t>(index);
    page->refcount.fetch_add(1, std::memory_order_relaxed);
    file.slots[index].store(page, std::memory_order_release);
  }
  file.i_pages_lock.unlock_irq(kernel.sched);
  return added;
}

// filemap_read_folio. The page is locked when it is called, and not when it returns.
void read_page(Task& current, Page* page, AddressSpace& file) {
  Kernel& kernel = *current.kernel;
  step(current, Verb::copy, Object::page_uptodate, kernel.pfn(page));
  for (int word = 0; word < kernel.config.words; ++word) {
    const Word value = file.disk[page->index][word].load(std::memory_order_relaxed);
    kernel.frame(page).words[word].store(value, std::memory_order_relaxed);
    result(current, value);
  }
  page->flags.fetch_or(PG_uptodate, std::memory_order_release);
  unlock_page(current, page);
}

// Gets a page that is in the cache, adding a new one, locked and not up to date, if there is none.
Page* find_or_create_page(Task& current, AddressSpace& file, int index, bool& created) {
  for (;;) {
    created = false;
    if (Page* const page = find_get_page(current, file, index)) return page;
    Page* const page = alloc_page(current);
    if (page == nullptr) return nullptr;
    page->flags.fetch_or(PG_locked, std::memory_order_acquire);
    created = true;
    if (add_to_page_cache(current, page, file, index)) return page;
    page->flags.fetch_and(~static_cast<std::uint32_t>(PG_locked), std::memory_order_release);
    put_page(current, page);
  }
}

Object object_of(CacheTag tag) {
  switch (tag) {
    case PAGECACHE_TAG_DIRTY: return Object::dirty_tag;
    case PAGECACHE_TAG_WRITEBACK: return Object::writeback_tag;
    case PAGECACHE_TAG_TOWRITE: return Object::towrite_tag;
  }
  SHOOTDOWN_CHECK(false);
}

// filemap_get_pages: the page at `index`, up to date, with a reference. Null if there is no memory.
Page* find_page_uptodate(Task& current, AddressSpace& file, int index) {
  for (;;) {
    bool created = false;
    Page* const page = find_or_create_page(current, file, index, created);
    if (page == nullptr) return nullptr;
    if (created) read_page(current, page, file);
    step(current, Verb::read, Object::page_uptodate, current.kernel->pfn(page));
    if ((page->flags.load(std::memory_order_acquire) & PG_uptodate) != 0) return page;
    lock_page(current, page);  // until whoever reads it in is done
    unlock_page(current, page);
    put_page(current, page);
  }
}

// try_to_free_buffers, by way of filemap_release_folio: false if they are in use. One atomic action, as
// private_lock makes it: a page cannot become dirty in the middle.
bool release_buffers(Task& current, Page* page) {
  step(current, Verb::clear, Object::page_buffers, current.kernel->pfn(page));
  std::uint32_t flags = page->flags.load(std::memory_order_acquire);
  do {
    if ((flags & PG_buffers) == 0) return true;
    if ((flags & (PG_dirty | PG_writeback)) != 0) return false;
  } while (!page->flags.compare_exchange_weak(flags, flags & ~static_cast<std::uint32_t>(PG_buffers),
                                              std::memory_order_acq_rel));
  put_page(current, page);
  return true;
}

// remove_mapping and __remove_mapping. The page is locked, and the caller has a reference. When it is
// removed, that reference is the only one left.
bool remove_mapping(Task& current, Page* page, AddressSpace& file) {
  Kernel& kernel = *current.kernel;
  file.i_pages_lock.lock_irq(kernel.sched);
  // The references before the dirty flag: who has a reference may dirty the page before dropping it.
  bool removed = page_ref_freeze(current, page, 2);
  if (removed) {
    step(current, Verb::read, Object::page_dirty, kernel.pfn(page));
    if (page->test(PG_dirty)) {
      page_ref_unfreeze(current, page, 2);
      removed = false;
    }
  }
  if (removed) {
    const int index = page->index;
    step(current, Verb::clear, Object::cache_slot, file.number, index);
    {
      const Unwatched unwatched;
      kernel.watcher.uncached(current.cpu, *page, file.number, index);
    }
    file.slots[index].store(nullptr, std::memory_order_release);
    file.tags[index].store(0, std::memory_order_relaxed);
    page->mapping = -1;
  }
  file.i_pages_lock.unlock_irq(kernel.sched);
  if (removed) page_ref_unfreeze(current, page, 1);
  return removed;
}

// mapping_evict_folio. The page is locked, and the caller has a reference.
void mapping_evict_page(Task& current, Page* page, AddressSpace& file) {
  step(current, Verb::read, Object::page_refcount, current.kernel->pfn(page));
  if (page->test(PG_dirty) || page->test(PG_writeback)) return;
  const int buffers = page->test(PG_buffers) ? 1 : 0;
  if (page->refcount.load(std::memory_order_relaxed) > 1 + buffers + 1) return;  // mapped, or in use
  if (!release_buffers(current, page)) return;
  remove_mapping(current, page, file);
}

}  // namespace

Page* find_get_page(Task& current, AddressSpace& file, int index) {
  for (;;) {
    step(current, Verb::read, Object::cache_slot, file.number, index);
    Page* const page = file.slots[index].load(std::memory_order_acquire);
    if (page == nullptr) {
      result(current, 0xFFFF);
      return nullptr;
    }
    result(current, current.kernel->pfn(page));
    if (!try_get_page(current, page)) {
      // It is being removed by somebody who holds the lock; the kernel spins.
      file.i_pages_lock.wait_until_free(current.kernel->sched);
      continue;
    }
    // The page may have left the cache, and come back elsewhere, before we had the reference.
    step(current, Verb::read, Object::cache_slot, file.number, index);
    if (file.slots[index].load(std::memory_order_acquire) == page) return page;
    put_page(current, page);
  }
}

Page* find_get_page_tag(Task& current, AddressSpace& file, int& index, int end, CacheTag tag) {
  const Object object = object_of(tag);
  for (;; ++index) {
    step(current, Verb::read, object, file.number, index);
    while (index < end && (file.tags[index].load(std::memory_order_acquire) & tag) == 0) ++index;
    result(current, static_cast<std::uint64_t>(index));
    if (index >= end) return nullptr;
    if (Page* const page = find_get_page(current, file, index)) return page;
  }
}

Page* find_lock_page_uptodate(Task& current, AddressSpace& file, int index) {
  for (;;) {
    bool created = false;
    Page* const page = find_or_create_page(current, file, index, created);
    if (page == nullptr) return nullptr;
    if (created) read_page(current, page, file);
    lock_page(current, page);
    if (page->mapping == file.number && page->index == index) {
      if (page->test(PG_uptodate)) return page;
      read_page(current, page, file);  // unlocks
    } else {
      unlock_page(current, page);
    }
    put_page(current, page);
  }
}

void attach_buffers(Task& current, Page* page) {
  if (page->test(PG_buffers)) return;
  step(current, Verb::set, Object::page_buffers, current.kernel->pfn(page));
  page->refcount.fetch_add(1, std::memory_order_relaxed);
  page->flags.fetch_or(PG_buffers, std::memory_order_release);
}

void file_read(Task& current, AddressSpace& file, int index) {
  Kernel& kernel = *current.kernel;
  Page* const page = find_page_uptodate(current, file, index);
  if (page == nullptr) return;
  for (int word = 0; word < kernel.config.words; ++word) {
    step(current, Verb::copy, Object::page_data, kernel.pfn(page), word);
    const Word value = kernel.frame(page).words[word].load(std::memory_order_relaxed);
    result(current, value);
    const Unwatched unwatched;
    kernel.watcher.file_accessed(current.cpu, file.number, index, word, false, value);
  }
  mark_page_accessed(current, page);
  put_page(current, page);
}

void file_write(Task& current, AddressSpace& file, int index) {
  Kernel& kernel = *current.kernel;
  file.i_rwsem.down_write(kernel.sched);
  Page* const page = find_lock_page_uptodate(current, file, index);  // write_begin
  if (page != nullptr) {
    if (kernel.config.buffers != 0) attach_buffers(current, page);
    for (int word = 0; word < kernel.config.words; ++word) {
      step(current, Verb::copy, Object::page_data, kernel.pfn(page), word);
      const Word value = kernel.next_value();
      kernel.frame(page).words[word].store(value, std::memory_order_relaxed);
      result(current, value);
      const Unwatched unwatched;
      kernel.watcher.file_accessed(current.cpu, file.number, index, word, true, value);
    }
    set_page_dirty(current, page);  // write_end
    unlock_page(current, page);
    put_page(current, page);
  }
  {
    const Unwatched unwatched;
    kernel.watcher.file_write_returned(current.cpu, file.number, index);
  }
  file.i_rwsem.up_write(kernel.sched);
}

void invalidate_mapping_pages(Task& current, AddressSpace& file, int first, int count) {
  for (int index = first; index < first + count; ++index) {
    step(current, Verb::read, Object::cache_slot, file.number, index);
    Page* const page = file.slots[index].load(std::memory_order_acquire);
    if (page == nullptr) continue;
    // find_lock_entries: a page that is locked or under writeback is passed over.
    if (!try_get_page(current, page)) continue;
    if (trylock_page(current, page)) {
      if (page->mapping == file.number && page->index == index && !page->test(PG_writeback))
        mapping_evict_page(current, page, file);
      unlock_page(current, page);
    }
    put_page(current, page);
  }
}

void fadvise_dontneed(Task& current, AddressSpace& file, int first, int count) {
  filemap_fdatawrite_range(current, file, first, count, SyncMode::none);
  invalidate_mapping_pages(current, file, first, count);
}

void shrink_pages(Task& current, AddressSpace& file, int first, int count) {
  for (int index = first; index < first + count; ++index) {
    Page* const page = find_get_page(current, file, index);  // isolate_lru_page
    if (page == nullptr) continue;
    if (trylock_page(current, page)) {
      step(current, Verb::read, Object::page_mapcount, current.kernel->pfn(page));
      const bool candidate = page->mapping == file.number && page->index == index && !page->mapped() &&
                             !page->test(PG_dirty) && !page->test(PG_writeback);
      if (candidate && release_buffers(current, page)) remove_mapping(current, page, file);
      unlock_page(current, page);
    }
    put_page(current, page);
  }
}

}  // namespace shootdown
