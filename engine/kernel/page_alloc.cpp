#include "engine/kernel/page_alloc.h"

#include "engine/check.h"

namespace shootdown {

namespace {

// __free_pages_ok, with the checks of free_page_is_bad left to the oracles.
void free_page(Task& current, Page* page) {
  Kernel& kernel = *current.kernel;
  step(current, Verb::clear, Object::page_allocator, kernel.pfn(page));
  kernel.zone_lock.exchange(0, std::memory_order_acq_rel);
  {
    const Unwatched unwatched;
    kernel.watcher.freed(current.cpu, *page);
  }
  page->flags.store(0, std::memory_order_relaxed);
  page->mapping = -1;
  kernel.machine.end_frame_life(kernel.pfn(page));
  page->next_free = kernel.free_pages;
  kernel.free_pages = page;
  kernel.zone_lock.exchange(0, std::memory_order_acq_rel);
}

}  // namespace

Page* alloc_page(Task& current) {
  Kernel& kernel = *current.kernel;
  step(current, Verb::get, Object::page_allocator);
  kernel.zone_lock.exchange(0, std::memory_order_acq_rel);
  Page* page = kernel.free_pages;
  if (page != nullptr) {
    kernel.free_pages = page->next_free;
  } else if (kernel.pages_used < max_frames) {
    page = &kernel.pages[static_cast<std::size_t>(kernel.pages_used++)];
  }
  kernel.zone_lock.exchange(0, std::memory_order_acq_rel);
  if (page == nullptr) return nullptr;
  result(current, kernel.pfn(page));
  page->refcount.store(1, std::memory_order_relaxed);
  page->mapcount.store(0, std::memory_order_relaxed);
  page->flags.store(0, std::memory_order_relaxed);
  page->mapping = -1;
  page->waiters.reset();
  return page;
}

void get_page(Task& current, Page* page) {
  step(current, Verb::get, Object::page_refcount, current.kernel->pfn(page));
  page->refcount.fetch_add(1, std::memory_order_relaxed);
}

bool try_get_page(Task& current, Page* page) {
  step(current, Verb::get, Object::page_refcount, current.kernel->pfn(page));
  std::int32_t count = page->refcount.load(std::memory_order_relaxed);
  while (count > 0) {
    if (page->refcount.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel)) return true;
  }
  return false;
}

void put_page(Task& current, Page* page) {
  step(current, Verb::put, Object::page_refcount, current.kernel->pfn(page));
  const int count = page->refcount.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if (count == 0) free_page(current, page);
  if (count < 0) {
    const Unwatched unwatched;
    current.kernel->watcher.count_underflow(current.cpu, *page, "refcount", count);
  }
}

bool page_ref_freeze(Task& current, Page* page, int expected) {
  step(current, Verb::clear, Object::page_refcount, current.kernel->pfn(page));
  const bool frozen = page->refcount.compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
  result(current, static_cast<std::uint64_t>(frozen));
  return frozen;
}

void page_ref_unfreeze(Task& current, Page* page, int count) {
  step(current, Verb::set, Object::page_refcount, current.kernel->pfn(page));
  page->refcount.store(count, std::memory_order_release);
}

void lock_page(Task& current, Page* page) {
  Scheduler& sched = current.kernel->sched;
  const FrameNumber pfn = current.kernel->pfn(page);
  step(current, Verb::lock, Object::page_lock, pfn);
  while ((page->flags.fetch_or(PG_locked, std::memory_order_acquire) & PG_locked) != 0) {
    sched.wait(page->waiters, {Verb::wait, Object::page_lock, pfn});
    step(current, Verb::lock, Object::page_lock, pfn);
  }
}

bool trylock_page(Task& current, Page* page) {
  step(current, Verb::lock, Object::page_lock, current.kernel->pfn(page));
  const bool locked = (page->flags.fetch_or(PG_locked, std::memory_order_acquire) & PG_locked) == 0;
  if (!locked) result(current, 0);
  return locked;
}

void unlock_page(Task& current, Page* page) {
  step(current, Verb::unlock, Object::page_lock, current.kernel->pfn(page));
  const std::uint32_t was = page->flags.fetch_and(~static_cast<std::uint32_t>(PG_locked), std::memory_order_release);
  SHOOTDOWN_CHECK((was & PG_locked) != 0);
  current.kernel->sched.wake(page->waiters);
}

void wait_on_page_writeback(Task& current, Page* page) {
  const FrameNumber pfn = current.kernel->pfn(page);
  step(current, Verb::read, Object::page_writeback, pfn);
  while (page->test(PG_writeback)) {
    current.kernel->sched.wait(page->waiters, {Verb::wait, Object::page_writeback, pfn});
    step(current, Verb::read, Object::page_writeback, pfn);
  }
}

}  // namespace shootdown
