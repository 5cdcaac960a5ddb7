// Marks pages dirty at once and removes their rmap late: Linux 6.2 (commit
// 5df397dec7c4, "mm: delay page_remove_rmap() until after the TLB has been flushed").
//
//   page-table lock { clear the entry, set_page_dirty, queue the page with a flag
//                     in the pointer; flush; remove the rmap of flagged pages }
//   free the pages
//
// While a CPU may still write through a stale entry, the page looks mapped, so
// whoever wants to clean it goes for the page-table lock and waits for the flush.
// A clean page, or one that is not of a file, needs none of that. Both halves
// matter: the late rmap, and the lock that is kept until it is removed.
#include "engine/zap/delayed_rmap.h"

#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"

namespace shootdown {

DelayedRmap::Treatment DelayedRmap::zap_dirty(MmuGather& tlb, Page* page) const {
  const bool rmap_first = planted(tlb.task(), Defect::rmap_before_dirty);
  if (rmap_first) page_remove_rmap(tlb.task(), page);
  set_page_dirty(tlb.task(), page);
  if (rmap_first) return {.force_flush = true, .delay_rmap = true};
  tlb.delay_rmap();
  return {.flags = encoded_page_delay_rmap, .force_flush = true, .delay_rmap = true};
}

void DelayedRmap::flush_under_lock(MmuGather& tlb) const {
  if (planted(tlb.task(), Defect::rmap_before_flush)) tlb.flush_rmaps();
  tlb.flush_tlb_only();
  if (!planted(tlb.task(), Defect::rmaps_after_unlock)) tlb.flush_rmaps();
}

void DelayedRmap::release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const {
  free_encoded_pages_and_swap_cache(tlb, encoded_pages, count);
}

const ZapEngine& delayed_rmap() {
  static const DelayedRmap engine;
  return engine;
}

}  // namespace shootdown
