#include "engine/kernel/page_alloc.h"

#include "engine/check.h"
#include "engine/kernel/bug.h"

namespace shootdown {

namespace {

// To the free list. Pages of a large folio stay together there until somebody needs a single one; those of a device's private memory
// are the driver's again, and lead to none.
void free_folio(Kernel& kernel, Page* folio) {
  if (kernel.is_device_private_page(folio)) {
    folio->set_next(nullptr);
    return;
  }
  Shared<Page*>& list = folio->nr_pages() > 1 ? kernel.free_folios : kernel.free_pages;
  folio->set_next(list);
  list = folio;
}

// A free folio is taken apart.
void split_free_folio(Kernel& kernel) {
  Page* const folio = kernel.free_folios;
  kernel.free_folios = folio->next();
  const Unwatched unwatched;
  for (int i = folio->nr_pages(); i-- > 0;) {
    folio[i].folio_offset.store(0, std::memory_order_relaxed);
    folio[i].folio_pages.store(1, std::memory_order_relaxed);
    free_folio(kernel, &folio[i]);
  }
}

Page* take(Shared<Page*>& list) {
  Page* const folio = list;
  list = folio->next();
  return folio;
}

// `pages` that are free, in a row; null: there are none.
Page* take_free_pages(Kernel& kernel, int pages) {
  Shared<Page*>& list = pages > 1 ? kernel.free_folios : kernel.free_pages;
  if (list != nullptr) return take(list);
  if (kernel.pages_used + pages <= kernel.page_count()) {
    Page* const first = &kernel.pages[kernel.pages_used];
    kernel.pages_used = kernel.pages_used + pages;
    return first;
  }
  if (pages > 1 || kernel.free_folios == nullptr) return nullptr;
  split_free_folio(kernel);
  return take(kernel.free_pages);
}

// The same of a device's private memory. One that is in use leads to the one behind it.
Page* take_device_page(Kernel& kernel) {
  Page* page = kernel.pages.begin();
  while (page->next() != nullptr) ++page;
  SHOOTDOWN_CHECK(kernel.is_device_private_page(page));
  page->set_next(page + 1);
  return page;
}

// prep_compound_page, and whose nothing is.
void prepare_folio(Page* folio, int pages) {
  for (int i = 0; i < pages; ++i) {
    Page& page = folio[i];
    page.folio_offset.store(static_cast<std::uint8_t>(i), std::memory_order_relaxed);
    page.folio_pages.store(static_cast<std::uint8_t>(pages), std::memory_order_relaxed);
    page.refcount.store(0, std::memory_order_relaxed);
    page.mapcount.store(0, std::memory_order_relaxed);
    page.flags.store(0, std::memory_order_relaxed);
    page.mapping = -1;
    page.waiters.reset();
  }
  folio->refcount.store(1, std::memory_order_relaxed);
}

// free_page_is_bad.
bool is_bad(const Page* folio) {
  constexpr Fact checked_at_free = PG_locked | PG_writeback | PG_buffers;
  return folio->refcount.load(std::memory_order_relaxed) != 0 || folio->mapcount.load(std::memory_order_relaxed) != 0 ||
         folio->mapping >= 0 || (folio->flags.load(std::memory_order_relaxed) & checked_at_free) != 0;
}

}  // namespace

// A bad page is handed out again here, so that what comes of it is seen.
void free_unref_page(Task& current, Page* page) {
  Kernel& kernel = *current.kernel;
  bool bad = false;
  act(current, event::FreePage{.page = folio_fact(current, page)}, [&](event::FreePage& found) {
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    Page* const folio = page->folio();
    found.refcount = folio->refcount.load(std::memory_order_relaxed);
    found.mapcount = folio->mapcount.load(std::memory_order_relaxed);
    found.entries = entries_to(kernel, folio);
    bad = is_bad(folio);
    folio->flags.store(0, std::memory_order_relaxed);
    folio->anon_vma.store(nullptr, std::memory_order_relaxed);
    for (int i = 0; i < folio->nr_pages(); ++i) {
      folio[i].mapping = -1;
      kernel.machine.end_frame_life(kernel.pfn(folio + i));
    }
    free_folio(kernel, folio);
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
  });
  if (bad) print_error(current, "BUG: Bad page state");
}

Page* alloc_folio(Task& current, int pages) {
  Kernel& kernel = *current.kernel;
  Page* folio = nullptr;
  act(current, event::AllocatePage{.pages = as_fact(pages), .frame = no_fact}, [&](event::AllocatePage& found) {
    // That there are no pages in a row is a choice, too; single ones there are as long as there are any.
    const bool fails = pages > 1 && allocation_fails(current);
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    if (!fails) folio = take_free_pages(kernel, pages);
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    if (folio != nullptr) found.frame = kernel.pfn(folio);
  });
  if (folio != nullptr) prepare_folio(folio, pages);
  return folio;
}

Page* alloc_device_page(Task& current) {
  Kernel& kernel = *current.kernel;
  Page* page = nullptr;
  act(current, event::AllocatePage{.pages = 1, .frame = no_fact}, [&](event::AllocatePage& found) {
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    page = take_device_page(kernel);
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    found.frame = kernel.pfn(page);
  });
  prepare_folio(page, 1);
  lock_new_page(current, page);
  return page;
}

Page* alloc_anon_page(Task& current, bool uptodate) {
  Page* const page = alloc_page(current);
  if (page == nullptr) return nullptr;
  page->flags.set((uptodate ? PG_uptodate : 0U) | PG_swapbacked | PG_lru, std::memory_order_relaxed);
  return page;
}

Page* alloc_zeroed_page(Task& current) {
  Page* const page = alloc_anon_page(current);
  if (page != nullptr) clear_highpage(current, page);
  return page;
}

void clear_highpage(Task& current, Page* page) {
  also_writes(current, places::words(current.kernel->pfn(page)));
  for (Atomic<Word>& word : current.kernel->frame(page).words) word.store(0, std::memory_order_relaxed);
}

bool page_anon(const Task& current, const Page* page) {
  also_reads(current, places::identity(folio_fact(current, page)));
  return page->folio()->anon_vma.load(std::memory_order_relaxed) != nullptr;
}

bool page_maybe_dma_pinned(const Task& current, const Page* page) {
  also_reads(current, places::refcount(folio_fact(current, page)));
  return page->folio()->refcount.load(std::memory_order_relaxed) >= gup_pin_counting_bias;
}

std::int32_t get_page_refs(Task& current, Page* page, std::int32_t refs) {
  const auto get = act(current, event::GetPage{.page = folio_fact(current, page)}, [&](event::GetPage& found) {
    found.refcount = page->folio()->refcount.fetch_add(refs, std::memory_order_relaxed) + refs;
  });
  return get.refcount;
}

void get_page(Task& current, Page* page) {
  const std::int32_t references = get_page_refs(current, page, 1);
  bug_on(current, references <= 1, "VM_BUG_ON_FOLIO in folio_get: the folio has no reference");
}

bool page_anon_exclusive(const Task& current, const Page* page) {
  also_reads(current, places::flags(folio_fact(current, page)));
  return page->test(PG_anon_exclusive);
}

bool try_get_page(Task& current, Page* page) {
  const auto attempt = act(current, event::GetPage{.page = folio_fact(current, page)}, [&](event::GetPage& found) {
    found.refcount = page->folio()->refcount.inc_not_zero(std::memory_order_acq_rel);
  });
  return attempt.refcount > 0;
}

std::int32_t put_page_refs(Task& current, Page* page, std::int32_t refs) {
  const auto put = act(current, event::PutPage{.page = folio_fact(current, page)}, [&](event::PutPage& found) {
    found.refcount = page->folio()->refcount.fetch_sub(refs, std::memory_order_acq_rel) - refs;
  });
  if (put.refcount == 0) free_unref_page(current, page);
  return put.refcount;
}

void put_page(Task& current, Page* page) {
  const std::int32_t references = put_page_refs(current, page, 1);
  bug_on(current, references < 0, "VM_BUG_ON_PAGE in put_page_testzero: the page has no reference");
}

// What is in somebody's own list, nobody else looks at.
void PageList::add(Page* page) {
  const Unwatched unwatched;
  page->set_next(nullptr);
  if (empty()) {
    first_ = page;
  } else {
    last_->set_next(page);
  }
  last_ = page;
}

Page* PageList::remove_first() {
  const Unwatched unwatched;
  Page* const page = first_;
  first_ = page->next();
  return page;
}

bool isolate_lru_page(Task& current, Page* page) {
  const auto attempt =
      act(current, event::IsolatePage{.page = folio_fact(current, page)}, [&](event::IsolatePage& found) {
        const Fact was = page->folio()->flags.fetch_and(~static_cast<Fact>(PG_lru), std::memory_order_acq_rel);
        found.isolated = static_cast<Fact>((was & PG_lru) != 0);
        if (found.isolated != 0) page->folio()->refcount.add(1, std::memory_order_relaxed);
      });
  return attempt.isolated != 0;
}

void putback_lru_page(Task& current, Page* page) {
  act(current, event::PutBackPage{.page = folio_fact(current, page)},
      [&] { page->folio()->flags.set(PG_lru, std::memory_order_release); });
  put_page(current, page);
}

bool is_swapbacked(const Task& current, const Page* page) {
  also_reads(current, places::flags(folio_fact(current, page)));
  return page->test(PG_swapbacked);
}

void set_page_swapbacked(Task& current, Page* page, bool swapbacked) {
  act(current, event::SetSwapBacked{.page = folio_fact(current, page), .swapbacked = static_cast<Fact>(swapbacked)},
      [&] {
        if (swapbacked) {
          page->folio()->flags.set(PG_swapbacked, std::memory_order_release);
        } else {
          page->folio()->flags.clear(PG_swapbacked | PG_active | PG_referenced, std::memory_order_release);
        }
      });
}

int page_count(Task& current, Page* page) {
  const auto look = act(
      current, event::ReadRefcount{.page = folio_fact(current, page)},
      [&](event::ReadRefcount& found) { found.refcount = page->folio()->refcount.load(std::memory_order_acquire); });
  return look.refcount;
}

Fact page_flags(Task& current, Page* page, bool for_writeback) {
  const auto look = act(
      current, event::ReadDirty{.page = folio_fact(current, page), .for_writeback = static_cast<Fact>(for_writeback)},
      [&](event::ReadDirty& found) { found.flags = page->folio()->flags.load(std::memory_order_relaxed); });
  return look.flags;
}

bool page_ref_freeze(Task& current, Page* page, int expected) {
  const auto attempt =
      act(current, event::FreezeRefcount{.page = folio_fact(current, page)}, [&](event::FreezeRefcount& found) {
        std::int32_t count = expected;
        found.frozen = static_cast<Fact>(page->folio()->refcount.compare_exchange(count, 0, std::memory_order_acq_rel));
        found.refcount = count;
      });
  return attempt.frozen != 0;
}

void page_ref_unfreeze(Task& current, Page* page, int count) {
  act(current, event::UnfreezeRefcount{.page = folio_fact(current, page), .refcount = count},
      [&] { page->folio()->refcount.store(count, std::memory_order_release); });
}

LockFact page_lock(const Task& current, const Page* page) {
  return {.kind = LockClass::page, .number = current.kernel->pfn(page->folio())};
}

bool page_locked(const Task& current, const Page* page) {
  also_reads(current, places::flags(folio_fact(current, page)));
  return page->test(PG_locked);
}

namespace {

bool set_locked(Page* page) {
  return (page->folio()->flags.fetch_or(PG_locked, std::memory_order_acquire) & PG_locked) == 0;
}

}  // namespace

void lock_page(Task& current, Page* page) {
  const LockFact lock = page_lock(current, page);
  might_sleep(current, {.reason = event::SleepInAtomic::Reason::lock, .lock = lock});
  take_lock(
      current, lock, false, page->folio()->waiters, [page] { return !page->test(PG_locked); },
      [page] { SHOOTDOWN_CHECK(set_locked(page)); });
}

bool trylock_page(Task& current, Page* page) {
  return try_lock(current, page_lock(current, page), false, [page] { return set_locked(page); });
}

void lock_new_page(Task& current, Page* page) {
  also_writes(current, places::flags(folio_fact(current, page)));
  page->folio()->flags.set(PG_locked, std::memory_order_acquire);
  current.held.add(page_lock(current, page));
}

void unlock_new_page(Task& current, Page* page) {
  current.held.remove(page_lock(current, page));
  also_writes(current, places::flags(folio_fact(current, page)));
  page->folio()->flags.clear(PG_locked, std::memory_order_release);
}

void unlock_page(Task& current, Page* page) {
  const LockFact lock = page_lock(current, page);
  Fact was = 0;
  act(current, event::DropLock{.lock = lock}, [&] {
    current.held.remove(lock);
    was = page->folio()->flags.fetch_and(~static_cast<Fact>(PG_locked), std::memory_order_release);
    current.kernel->sched.wake(page->folio()->waiters);
  });
  bug_on(current, (was & PG_locked) == 0, "VM_BUG_ON_FOLIO in folio_unlock: the folio is not locked");
}

void wait_on_page_writeback(Task& current, Page* page) {
  might_sleep(current,
              {.reason = event::SleepInAtomic::Reason::writeback, .subject = current.kernel->pfn(page->folio())});
  act_when(
      current, event::ReadWriteback{.page = folio_fact(current, page)}, page->folio()->waiters,
      [page] { return !page->test(PG_writeback); },
      [&] { return event::WaitForWriteback{.page = filled_in(*current.kernel, folio_fact(current, page))}; }, [] {});
}

}  // namespace shootdown
