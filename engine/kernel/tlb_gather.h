// What has been taken out of an mm's page tables and is to be flushed in one go.
//
// The part of struct mmu_gather (mm/mmu_gather.c and include/asm-generic/tlb.h of
// Linux 6.1) that every user of one needs: the range, whether page tables are freed,
// and that others of the mm are told (mm_tlb_flush_pending). It stands on the stack of
// the task that changes the entries. Whoever has pages to free, too, uses MmuGather
// (engine/zap/mmu_gather.h), which is one of these.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

class TlbGather {
 public:
  // tlb_gather_mmu; with `fullmm`, tlb_gather_mmu_fullmm: the mm has no threads and goes away as a whole.
  TlbGather(Task& current, Mm& mm, bool fullmm = false);
  TlbGather(const TlbGather&) = delete;
  TlbGather& operator=(const TlbGather&) = delete;

  // tlb_remove_tlb_entry, and tlb_flush_pte_range: the entry of `page` was cleared, or allows less than it did, so it belongs to
  // what must be flushed.
  void remove_tlb_entry(int page);
  // tlb_flush_mmu_tlbonly: flushes what was cleared since the last flush, if anything.
  void flush_tlb_only();
  // tlb_end_vma: a mapping has been zapped. What has no pages must be flushed before its address space forgets the mapping: whoever
  // owns the memory looks for mappings there, and flushes none that it does not find.
  void end_vma(const Vma& vma);
  // tlb_finish_mmu.
  void finish();

  Task& task() const { return task_; }
  Mm& mm() const { return mm_; }

 protected:
  // The beginning of pte_free_tlb: the page table that begins at page `first` is to be freed. Adds that page to what must be
  // flushed, and lazy CPUs to those that must flush: what they have kept of the table's upper levels leads to it.
  void note_table(int first);
  // The beginning and the end of tlb_finish_mmu. Where other gathers of the mm are under way, everything is to be flushed.
  void begin_finish();
  void end_finish();

 private:
  void adjust_range(int first, int count);
  void reset_range();

  Task& task_;
  Mm& mm_;
  int start_ = 0;
  int end_ = 0;
  bool fullmm_;
  bool freed_tables_ = false;
  bool cleared_ptes_ = false;
};

}  // namespace shootdown
