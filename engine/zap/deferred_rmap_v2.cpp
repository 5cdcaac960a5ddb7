// Marks pages dirty at once and removes the rmap of all pages when they are freed:
// the second version, of 30 October 2022 (Linus Torvalds; dropped on 6 November).
//
//   page-table lock { clear the entry, set_page_dirty, queue the page with a flag
//                     in the pointer; ... flush if any entry was dirty }
//   flush, remove the rmap of flagged pages, free
//
// A page looks mapped until no CPU can write to it, and who wants to clean it waits
// for the page-table lock and so for the flush: nothing is lost. But the rmap comes
// off without that lock, and of clean pages, too, at the very end. Whoever unmaps a
// page and then relies on its being unmapped finds it mapped: invalidation and
// truncation drop it so. Of anonymous pages that was fatal. By the time their rmap
// came off, their anon_vma had been freed; and folio_lock_anon_vma_read takes a
// mapped page for proof that it has not.
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

class DeferredRmapV2 final : public GatherEngine {
 public:
  std::string_view name() const override { return "deferred_rmap_v2"; }
  std::string_view summary() const override {
    return "clear, dirty, queue, flush under the page-table lock, and when it is dropped rmap, free: the second "
           "version of October 2022, dropped";
  }
  std::span<const NotClaimed> not_claimed() const override { return exceptions; }

  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override {
    const auto unmap = [&](Page* page, unsigned /*flags*/) { page_remove_rmap(tlb.task(), page); };
    clean_and_free_pages_and_swap_cache(tlb, encoded_pages, count, unmap);
  }

 protected:
  Treatment zap_dirty(MmuGather& tlb, Page* page) const override {
    set_page_dirty(tlb.task(), page);
    return {.flags = tlb_zap_rmap, .force_flush = true, .delay_rmap = true};
  }
  Treatment zap_other(MmuGather& /*tlb*/, Page* /*page*/) const override {
    return {.flags = tlb_zap_rmap, .delay_rmap = true};
  }

 private:
  // The flag in a queued pointer: the rmap has not been removed yet (TLB_ZAP_RMAP).
  static constexpr unsigned tlb_zap_rmap = 1;

  static constexpr NotClaimed exceptions[] = {
      {"counts",
       "an invalidation, like a truncation, finds the entry gone and drops a page whose rmap has not been removed yet: "
       "a BUG_ON(folio_mapped(folio)) of invalidate_inode_pages2_range in Linux 6.1 (follows from the patch; found by "
       "this project)"},
      {"use-after-free",
       "an anonymous page looks mapped when its mapping is gone, and its anon_vma freed: who takes the one for proof "
       "that the other is there looks for its mappings in freed memory (Hugh Dickins, November 2022)"},
  };
};

}  // namespace

const ZapEngine& deferred_rmap_v2() {
  static const DeferredRmapV2 engine;
  return engine;
}

}  // namespace shootdown
