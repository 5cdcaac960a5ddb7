// What engines that gather pages have in common: walking mappings and page
// tables.
//
// Follows unmap_vmas, zap_page_range (mm/memory.c), unmap_region, free_pgtables
// and exit_mmap (mm/mmap.c) of Linux 6.1. An engine says how it zaps one page
// table's range, and how it releases what it has queued.
#pragma once

#include "engine/kernel/zap_engine.h"
#include "engine/zap/mmu_gather.h"

namespace shootdown {

class GatherEngine : public ZapEngine {
 public:
  void zap_page_range(Task& current, Vma& vma, int first, int end) const final;
  void unmap_region(Task& current, std::span<Vma* const> vmas) const final;
  void exit_mmap(Task& current) const final;

 protected:
  // Zaps the entries of [page, end), which are in one page table. Stops early when the gather is full;
  // returns where.
  virtual void zap_pte_range(MmuGather& tlb, const Vma& vma, int page, int end) const = 0;
  virtual MmuGather::Release release() const = 0;

 private:
  void unmap_single_vma(MmuGather& tlb, const Vma& vma, int first, int end) const;
};

}  // namespace shootdown
