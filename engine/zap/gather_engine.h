// What engines that gather pages have in common: the zap itself.
//
// Follows zap_pte_range, unmap_vmas, zap_page_range (mm/memory.c), unmap_region,
// free_pgtables and exit_mmap (mm/mmap.c) of Linux 6.1, 6.2 and 6.9, which differ in a
// few places only. These are what an engine says: what becomes of a page whose
// entry was dirty, and of another; what happens before the page-table lock is
// dropped; how queued pages are released; and whether pages of a folio in a row are
// taken together.
#pragma once

#include "engine/kernel/zap_engine.h"
#include "engine/zap/mmu_gather.h"

namespace shootdown {

class GatherEngine : public ZapEngine, public Releaser {
 public:
  void zap_page_range(Task& current, Vma& vma, int first, int end, const ZapDetails& details) const final;
  void unmap_region(Task& current, std::span<Vma* const> vmas) const final;
  void exit_mmap(Task& current) const final;

 protected:
  // What is to be done with a page whose entry was cleared.
  struct Treatment {
    unsigned flags = 0;        // that its queued pointer carries
    bool force_flush = false;  // flush before the page-table lock is dropped
    bool delay_rmap = false;   // leave the rmap for later
  };
  // A dirty entry of the page, which is a file's, was cleared, under the page-table lock.
  virtual Treatment zap_dirty(MmuGather& tlb, Page* page) const = 0;
  // Any other entry of a page was.
  virtual Treatment zap_other(MmuGather& /*tlb*/, Page* /*page*/) const { return {}; }
  // A flush is forced, and the page-table lock still held.
  virtual void flush_under_lock(MmuGather& tlb) const { tlb.flush_tlb_only(); }

 private:
  void unmap_single_vma(MmuGather& tlb, const Vma& vma, int first, int end, const ZapDetails& details) const;
  void zap_pte_range(MmuGather& tlb, int page, int end, const ZapDetails& details) const;
  // How far the loop of zap_pte_range came under one lock.
  struct Piece {
    int end;
    bool full;  // the gather
  };
  Piece zap_ptes(MmuGather& tlb, int page, int end, const ZapDetails& details, bool& force_flush) const;
  bool zap_folio_ptes(MmuGather& tlb, Page* page, int nr, Pte pte, bool& force_flush) const;
};

}  // namespace shootdown
