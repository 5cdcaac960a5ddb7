#include "engine/kernel/vmscan.h"

#include "engine/check.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

// --- what nobody has a reference to any more ---

bool page_ref_freeze_if_clean(Task& current, Page* page, int expected) {
  // The references before the dirty flag: who has a reference may dirty the page before dropping it.
  const bool looks_early = planted(current, Defect::dirty_before_refcount);
  if (looks_early && looks_dirty(current, page)) return false;
  if (!page_ref_freeze(current, page, expected)) return false;
  if (looks_early || !looks_dirty(current, page)) return true;
  page_ref_unfreeze(current, page, expected);
  return false;
}

namespace {

// __remove_mapping of a page in the page cache. Then it has no reference.
bool remove_from_file(Task& current, Page* page, AddressSpace& file) {
  file.i_pages_lock.lock_irq(current);
  const bool removed = page_ref_freeze_if_clean(current, page, 1 + page->nr_pages());
  if (removed) remove_from_page_cache(current, page, file);
  file.i_pages_lock.unlock_irq(current);
  return removed;
}

}  // namespace

bool remove_mapping(Task& current, Page* page, AddressSpace& file) {
  const bool removed = remove_from_file(current, page, file);
  if (removed) page_ref_unfreeze(current, page, 1);
  return removed;
}

// --- one page ---

namespace {

// What becomes of a page on the list.
enum class Fate : std::uint8_t {
  keep,             // it goes back
  keep_locked,      // and is to be unlocked before
  activate_locked,  // and is not to be looked at soon
  free,             // it has no reference, and is to be unlocked
};

// folio_check_references, as far as that makes a difference: reclaim, keep or activate.
Fate check_references(Task& current, Page* page) {
  const int entries = page_referenced(current, page);
  also_writes(current, places::flags(frame_fact(current, page)));
  const Fact was = page->flags.fetch_and(~static_cast<Fact>(PG_referenced), std::memory_order_relaxed);
  if (entries < 0) return Fate::keep_locked;
  if (entries == 0) return Fate::free;
  page->flags.set(PG_referenced, std::memory_order_relaxed);
  return entries > 1 || (was & PG_referenced) != 0 ? Fate::activate_locked : Fate::keep_locked;
}

// pageout of a page in the swap cache or of a tmpfs, and what is looked at afterwards. `free`: it is clean now, and
// still locked.
Fate pageout(Task& current, Page* page) {
  // is_page_cache_freeable
  if (page_count(current, page) != 1 + page->nr_pages()) return Fate::keep_locked;
  if (!clear_page_dirty(current, page)) return Fate::free;
  if (!page_swapcache(current, page)) {
    // shmem_writepage, which gets no slot.
    if (!planted(current, Defect::not_dirtied_again)) set_page_dirty(current, page);
    return Fate::activate_locked;
  }
  swap_writepage(current, page);
  constexpr Fact busy = PG_writeback | PG_dirty;
  if ((page_flags(current, page) & busy) != 0) return Fate::keep;
  // It was in memory already.
  if (!trylock_page(current, page)) return Fate::keep;
  return (page_flags(current, page) & busy) != 0 ? Fate::keep_locked : Fate::free;
}

// Who needs the page when it has gone gets another one in its place, and may write to that. Linux does not flush here.
void flush_before_it_is_replaced(Task& current) {
  if (planted(current, Defect::replaced_before_flush) || planted(current, Defect::reclaimed_before_flush)) return;
  try_to_unmap_flush(current);
}

// From where the page is mapped nowhere, and so cannot be pinned any more. One that is pinned will become dirty, and must keep its
// buffers.
Fate free_unmapped(Task& current, Page* page) {
  const Kernel& kernel = *current.kernel;
  if (page_maybe_dma_pinned(current, page) && !planted(current, Defect::pinned_page_reclaimed))
    return Fate::activate_locked;
  const Fact flags = page_flags(current, page);
  if ((flags & PG_dirty) != 0) {
    if ((flags & PG_swapbacked) == 0) return Fate::activate_locked;
    if (!planted(current, Defect::paged_out_without_flush)) try_to_unmap_flush_dirty(current);
    if (const Fate fate = pageout(current, page); fate != Fate::free) return fate;
  }
  flush_before_it_is_replaced(current);
  if (page_swapcache(current, page)) return remove_from_swap(current, page) ? Fate::free : Fate::keep_locked;
  if (page_anon(current, page)) {
    const bool freed_lazily = (flags & PG_swapbacked) == 0;
    return freed_lazily && page_ref_freeze(current, page, 1) ? Fate::free : Fate::keep_locked;
  }
  if (!release_buffers(current, page)) return Fate::activate_locked;
  if (page->mapping < 0) return Fate::keep_locked;
  return remove_from_file(current, page, kernel.files[page->mapping]) ? Fate::free : Fate::keep_locked;
}

// The body of shrink_folio_list's loop for a page that is locked.
Fate shrink_locked(Task& current, Page* page) {
  const bool written = (page_flags(current, page) & PG_writeback) != 0;
  if (written && !planted(current, Defect::reclaimed_under_writeback)) return Fate::activate_locked;
  if (!current.kernel->engine.since_6_12()) {
    if (const Fate references = check_references(current, page); references != Fate::free) return references;
  }
  if (page_anon(current, page) && is_swapbacked(current, page) && !page_swapcache(current, page)) {
    if (page_maybe_dma_pinned(current, page)) return Fate::keep_locked;
    if (!add_to_swap(current, page)) return Fate::activate_locked;
  }
  if (page_mapped(current, page)) {
    try_to_unmap(current, page, {.batch_flush = true});
    if (page_mapped(current, page)) return Fate::activate_locked;
  }
  return free_unmapped(current, page);
}

// activate_locked: it is not to be found again soon; and if swap space runs short, it gives up its slot.
void activate(Task& current, Page* page) {
  if (page_swapcache(current, page) && vm_swap_full(current)) page_free_swap(current, page);
  also_writes(current, places::flags(frame_fact(current, page)));
  page->flags.set(PG_active, std::memory_order_relaxed);
}

// Who locks a page next may save it, and finds no entry that would have to be made clean; or, of a file, copy it for a private mapping,
// and write to the copy. Linux does not flush here.
void flush_before_unlock(Task& current, Page* page, Fate fate) {
  if (planted(current, Defect::unlocked_before_flush)) return;
  const bool may_be_copied = fate != Fate::free && !page_anon(current, page);
  if (may_be_copied && !planted(current, Defect::replaced_before_flush)) return try_to_unmap_flush(current);
  try_to_unmap_flush_dirty(current);
}

Fate shrink_page(Task& current, Page* page) {
  if (!trylock_page(current, page)) return Fate::keep;
  const Fate fate = shrink_locked(current, page);
  if (fate == Fate::keep) return fate;
  if (fate == Fate::activate_locked) activate(current, page);
  flush_before_unlock(current, page, fate);
  unlock_page(current, page);
  return fate;
}

}  // namespace

// --- lists of pages ---

void reclaim_pages(Task& current, PageList& pages) {
  PageList to_free;
  PageList to_put_back;
  while (!pages.empty()) {
    Page* const page = pages.remove_first();
    also_writes(current, places::flags(frame_fact(current, page)));
    page->flags.clear(PG_active, std::memory_order_relaxed);
    (shrink_page(current, page) == Fate::free ? to_free : to_put_back).add(page);
    if (planted(current, Defect::reclaimed_before_flush))
      while (!to_free.empty()) free_unref_page(current, to_free.remove_first());
  }
  try_to_unmap_flush(current);
  while (!to_free.empty()) free_unref_page(current, to_free.remove_first());
  while (!to_put_back.empty()) putback_lru_page(current, to_put_back.remove_first());
}

namespace {

// Takes a page off its list, and drops the reference by which it was found. False: somebody else has done so.
bool isolate(Task& current, Page* page) {
  const bool isolated = isolate_lru_page(current, page);
  put_page(current, page);
  return isolated;
}

// Which page a virtual page shows, at a glance and with no lock, with a reference. Null: there is none.
Page* shown_page(Task& current, int address) {
  Mm& mm = *current.mm;
  if (pmd_none(current, mm, address)) return nullptr;
  const Pte pte = ptep_get(current, mm, address);
  Page* const page = pte.present() ? vm_normal_page(current, pte) : nullptr;
  return page != nullptr && try_get_page(current, page) ? page : nullptr;
}

// folio_referenced for who does not have the page locked: a page of a file that somebody else has is taken for accessed.
void forget_references(Task& current, Page* page) {
  const bool locks = !page_anon(current, page);
  if (locks && !trylock_page(current, page)) return;
  page_referenced(current, page);
  if (locks) unlock_page(current, page);
}

}  // namespace

void reclaim_file_pages(Task& current, AddressSpace& file, PageSpan range) {
  PageList pages;
  for (int index = range.first; index < range.first + range.count; ++index) {
    Page* const page = find_get_page(current, file, index);
    if (page == nullptr) continue;
    index = next_index(page, index) - 1;
    if (page_mapped(current, page)) {
      put_page(current, page);
    } else if (isolate(current, page)) {
      pages.add(page->folio());
    }
  }
  reclaim_pages(current, pages);
}

Page* isolate_shown_page(Task& current, int address) {
  Page* const page = shown_page(current, address);
  return page != nullptr && isolate(current, page) ? page->folio() : nullptr;
}

void kswapd(Task& current, int first, int count) {
  PageList pages;
  for (int address = first; address < first + count; ++address) {
    Page* const page = isolate_shown_page(current, address);
    if (page == nullptr) continue;
    forget_references(current, page);
    pages.add(page);
  }
  reclaim_pages(current, pages);
}

}  // namespace shootdown
