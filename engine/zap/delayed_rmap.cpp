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
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

// The flag in a queued pointer: the rmap has not been removed yet (ENCODED_PAGE_BIT_DELAY_RMAP).
constexpr unsigned encoded_page_delay_rmap = 1;

class DelayedRmap final : public GatherEngine {
 public:
  std::string_view name() const override { return "delayed_rmap"; }
  std::string_view summary() const override {
    return "clear, dirty, queue, flush and then rmap under the page-table lock, free: Linux 6.2 to 6.8";
  }
  std::span<const NotClaimed> not_claimed() const override { return {}; }
  bool since_6_12() const override { return true; }

  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override {
    free_encoded_pages_and_swap_cache(tlb, encoded_pages, count);
  }

 protected:
  Treatment zap_dirty(MmuGather& tlb, Page* page) const override {
    const bool rmap_first = planted(tlb.task(), Defect::rmap_before_dirty);
    if (rmap_first) page_remove_rmap(tlb.task(), page);
    set_page_dirty(tlb.task(), page);
    if (rmap_first) return {.force_flush = true, .delay_rmap = true};
    tlb.delay_rmap();
    return {.flags = encoded_page_delay_rmap, .force_flush = true, .delay_rmap = true};
  }

  void flush_under_lock(MmuGather& tlb) const override {
    if (planted(tlb.task(), Defect::rmap_before_flush)) tlb.flush_rmaps();
    tlb.flush_tlb_only();
    if (!planted(tlb.task(), Defect::rmaps_after_unlock)) tlb.flush_rmaps();
  }
};

}  // namespace

const ZapEngine& delayed_rmap() {
  static const DelayedRmap engine;
  return engine;
}

}  // namespace shootdown
