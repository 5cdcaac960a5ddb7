// Page frames: allocation, references, freeing.
//
// What is said of a page here is done to its folio, whichever of its pages it is, as
// the kernel's functions of these names do.
//
// Follows mm/page_alloc.c and include/linux/mm.h of Linux 6.1 as far as callers
// can tell. The page freed last is handed out first, as the per-CPU lists do:
// that makes an access through a stale translation hit somebody else's page soon.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// folio_alloc: so many pages in a row, as one folio; one reference, no flags. Null when there are none left.
Page* alloc_folio(Task& current, int pages);
// alloc_page.
inline Page* alloc_page(Task& current) {
  return alloc_folio(current, 1);
}
// zone_device_page_init, of a page of a device's private memory that is free: locked. There is one for each operation that wants one.
Page* alloc_device_page(Task& current);
// The same, for anonymous memory: up to date unless it is to be read in; alloc_zeroed_user_highpage: full of zeros.
Page* alloc_anon_page(Task& current, bool uptodate = true);
Page* alloc_zeroed_page(Task& current);
// clear_highpage, of a page that nobody else knows of yet.
void clear_highpage(Task& current, Page* page);

// PageAnon. The caller holds a reference, or a lock that keeps the page.
bool page_anon(const Task& current, const Page* page);

// PageAnonExclusive. The lock of a page table that maps it is held.
bool page_anon_exclusive(const Task& current, const Page* page);

// Whether a device may write to it.
bool page_maybe_dma_pinned(const Task& current, const Page* page);

// folio_ref_add, and get_page for one. The caller holds a reference already, or a lock that keeps the page. Returns how many there are.
std::int32_t get_page_refs(Task& current, Page* page, std::int32_t refs);
void get_page(Task& current, Page* page);

// folio_try_get: takes a reference unless there is none any more.
bool try_get_page(Task& current, Page* page);

// folio_put_refs, and put_page for one: drops references and frees the page if they were the last. Returns how many are left.
std::int32_t put_page_refs(Task& current, Page* page, std::int32_t refs);
void put_page(Task& current, Page* page);

// --- LRU lists, of which only this is modelled: whether a page is on one ---

// Pages that somebody has taken off the LRU lists, or is to free; the first one put in is the first one out.
class PageList {
 public:
  bool empty() const { return first_ == nullptr; }
  void add(Page* page);
  Page* remove_first();

 private:
  Page* first_ = nullptr;
  Page* last_ = nullptr;
};

// folio_isolate_lru: takes the page, to which the caller has a reference, off its list, with a further reference. False: it is on
// none.
bool isolate_lru_page(Task& current, Page* page);
// folio_putback_lru: puts it back, and drops that reference.
void putback_lru_page(Task& current, Page* page);

// free_unref_page: frees a page that nobody has a reference to.
void free_unref_page(Task& current, Page* page);

// folio_test_swapbacked; PG_swapbacked of an anonymous page is set or cleared.
bool is_swapbacked(const Task& current, const Page* page);
void set_page_swapbacked(Task& current, Page* page, bool swapbacked);

// page_count.
int page_count(Task& current, Page* page);

// The page's flags, looked at in one step: PG_dirty, PG_writeback and others that may change meanwhile.
Fact page_flags(Task& current, Page* page, bool for_writeback = false);

// folio_ref_freeze: makes the count zero if it is `expected`; returns whether.
bool page_ref_freeze(Task& current, Page* page, int expected);
// folio_ref_unfreeze.
void page_ref_unfreeze(Task& current, Page* page, int count);

// lock_page, trylock_page, unlock_page; what the lock is called; and folio_test_locked.
LockFact page_lock(const Task& current, const Page* page);
bool page_locked(const Task& current, const Page* page);
void lock_page(Task& current, Page* page);
bool trylock_page(Task& current, Page* page);
void unlock_page(Task& current, Page* page);
// __SetPageLocked and back, for a page that nobody else knows of: no step.
void lock_new_page(Task& current, Page* page);
void unlock_new_page(Task& current, Page* page);

// wait_on_page_writeback.
void wait_on_page_writeback(Task& current, Page* page);

}  // namespace shootdown
