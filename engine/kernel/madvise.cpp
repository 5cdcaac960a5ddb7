#include "engine/kernel/madvise.h"

#include <algorithm>

#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlb_gather.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/vmscan.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

namespace {

// madvise_walk_vmas: calls visit(vma, first, end) for what each mapping has of the range, with mmap_lock held for reading, until it
// returns false: this mapping cannot be advised so.
template <typename Visit>
void madvise_walk_vmas(Task& current, int first, int count, const Visit& visit) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  const int end = first + count;
  for (Vma* vma = find_vma(mm, first); vma != nullptr && vma->start < end; vma = find_vma(mm, vma->end)) {
    if (!visit(*vma, std::max<int>(first, vma->start), std::min<int>(end, vma->end))) break;
  }
  mm.mmap_lock.up_read(current);
}

}  // namespace

void madvise_dontneed(Task& current, int first, int count) {
  madvise_walk_vmas(current, first, count, [&](Vma& vma, int from, int to) {
    if (vma.is_pfnmap()) return false;
    current.kernel->engine.zap_page_range(current, vma, from, to, {});
    return true;
  });
}

// --- MADV_COLD and MADV_PAGEOUT ---

namespace {

// Under its page-table lock.
void make_old(TlbGather& tlb, int address, Pte found) {
  const bool copies = planted(tlb.task(), Defect::made_old_by_a_copy);
  const Pte pte = copies ? found : ptep_get_and_clear(tlb.task(), tlb.mm(), address);
  set_pte_at(tlb.task(), tlb.mm(), address, pte.mkold());
  tlb.remove_tlb_entry(address);
}

// A folio that `nr` entries from `address` on map, the first of which is `pte`. If it is to be reclaimed it is put on the list;
// null: it is not.
void make_folio_cold(TlbGather& tlb, int address, Pte pte, int nr, PageList* pages) {
  Task& current = tlb.task();
  Page* const folio = vm_normal_page(current, pte)->folio();
  // One of which only a part is mapped here would have to be split, which is taken to fail.
  if (nr < folio->nr_pages()) return;
  also_reads(current, places::flags(folio_fact(current, folio)));
  if (!folio->test(PG_lru) || page_mapcount(current, folio) != nr) return;
  // 6.12 does not look at it when it reclaims the folio.
  const bool keeps_young = pages != nullptr && current.kernel->engine.since_6_12();
  for (int i = 0; i < nr && !keeps_young; ++i) {
    const Pte found = i == 0 ? pte : ptep_get(current, tlb.mm(), address + i);
    if (found.young()) make_old(tlb, address + i, found);
  }
  also_writes(current, places::flags(folio_fact(current, folio)));
  folio->flags.clear(PG_referenced, std::memory_order_relaxed);
  if (pages == nullptr) {
    folio->flags.clear(PG_active, std::memory_order_relaxed);  // deactivate_page
  } else if (isolate_lru_page(current, folio)) {
    pages->add(folio);
  }
}

// The body of madvise_cold_or_pageout_pte_range's loop. Returns how many entries have been looked at.
int make_cold(TlbGather& tlb, int address, int end, PageList* pages) {
  Task& current = tlb.task();
  const Pte pte = ptep_get(current, tlb.mm(), address);
  const Page* const page = pte.present() ? vm_normal_page(current, pte) : nullptr;
  if (page == nullptr) return 1;
  const int nr = folio_pte_batch(current, tlb.mm(), address, end, page);
  make_folio_cold(tlb, address, pte, nr, pages);
  return nr;
}

void cold_or_pageout(Task& current, int first, int count, bool pageout) {
  madvise_walk_vmas(current, first, count, [&](Vma& vma, int from, int to) {
    if (vma.is_pfnmap()) return false;
    TlbGather tlb(current, current.kernel->mms[vma.mm]);
    each_page_table(current, tlb.mm(), from, to, [&](int begin, int end) {
      PageList pages;
      pte_lock(current, tlb.mm(), begin);
      flush_tlb_batched_pending(current, tlb.mm());
      for (int address = begin; address < end;) address += make_cold(tlb, address, end, pageout ? &pages : nullptr);
      pte_unlock(current, tlb.mm(), begin);
      reclaim_pages(current, pages);
    });
    tlb.finish();
    return true;
  });
}

}  // namespace

void madvise_cold(Task& current, int first, int count) {
  cold_or_pageout(current, first, count, false);
}

void madvise_pageout(Task& current, int first, int count) {
  cold_or_pageout(current, first, count, true);
}

// --- MADV_FREE ---

namespace {

// A page that is dirty, or has a slot of swap space, is made clean and loses that. False: it is in use, or shared. (Linux does not
// look whether one is shared that is clean already, and throws away what others have: corpus/findings/freed-by-a-child.)
bool forget_contents(Task& current, Page* page) {
  also_reads(current, places::flags(frame_fact(current, page)));
  if (!page->test(PG_swapcache) && !page->test(PG_dirty))
    return planted(current, Defect::freed_for_others) || page_mapcount(current, page) == 1;
  if (!trylock_page(current, page)) return false;
  const bool forgets =
      page_mapcount(current, page) == 1 && (!page_swapcache(current, page) || page_free_swap(current, page));
  if (forgets) clear_page_dirty(current, page);
  unlock_page(current, page);
  return forgets;
}

// mark_page_lazyfree.
void mark_page_lazyfree(Task& current, Page* page) {
  also_reads(current, places::flags(frame_fact(current, page)));
  constexpr Fact looked_at = PG_lru | PG_swapbacked | PG_swapcache;
  if ((page->flags.load(std::memory_order_relaxed) & looked_at) != (PG_lru | PG_swapbacked)) return;
  set_page_swapbacked(current, page, false);
}

// Under its page-table lock: a store from now on sets the dirty bit again, which keeps the page.
void make_clean(TlbGather& tlb, int address) {
  const Pte pte = ptep_get_and_clear(tlb.task(), tlb.mm(), address);
  set_pte_at(tlb.task(), tlb.mm(), address, pte.mkold().mkclean());
  if (!planted(tlb.task(), Defect::freed_lazily_without_flush)) tlb.remove_tlb_entry(address);
}

// The body of madvise_free_pte_range's loop.
void free_lazily(TlbGather& tlb, int address) {
  Task& current = tlb.task();
  Mm& mm = tlb.mm();
  const Pte pte = ptep_get(current, mm, address);
  if (pte.swapped()) {
    free_swap_and_cache(current, static_cast<int>(pte.slot()));
    ptep_get_and_clear(current, mm, address);
    add_mm_counter(current, mm, MM_SWAPENTS, -1);
    return;
  }
  if (pte.poisoned()) ptep_get_and_clear(current, mm, address);
  Page* const page = pte.present() ? vm_normal_page(current, pte) : nullptr;
  if (page == nullptr || !forget_contents(current, page)) return;
  if (pte.young() || pte.dirty()) make_clean(tlb, address);
  mark_page_lazyfree(current, page);
}

}  // namespace

void madvise_free(Task& current, int first, int count) {
  madvise_walk_vmas(current, first, count, [&](Vma& vma, int from, int to) {
    if (!vma.is_anonymous()) return false;
    event::FreeLazily freed{.mm = vma.mm, .first = as_fact(from), .count = as_fact(to - from), .done = 0};
    TlbGather tlb(current, current.kernel->mms[vma.mm]);
    note(current, freed);
    each_page_table(current, tlb.mm(), from, to, [&](int begin, int end) {
      pte_lock(current, tlb.mm(), begin);
      flush_tlb_batched_pending(current, tlb.mm());
      for (int address = begin; address < end; ++address) free_lazily(tlb, address);
      pte_unlock(current, tlb.mm(), begin);
    });
    tlb.finish();
    freed.done = 1;
    note(current, freed);
    return true;
  });
}

}  // namespace shootdown
