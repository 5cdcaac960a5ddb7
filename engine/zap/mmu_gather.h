// The gather: pages that wait for a TLB flush before they may be freed.
//
// Follows mm/mmu_gather.c and include/asm-generic/tlb.h of Linux 6.1 with the
// patch of October 2022, in which the queued pointers carry flags. A gather
// stands on the stack of the task that unmaps. Pages go into a small bundle in
// the gather itself, then into batches of a page each, as long as there are any.
//
// What a flag means, and what is done with it when pages are released, is the
// engine's: it passes a function.
#pragma once

#include "engine/kernel/kernel.h"
#include "engine/zap/encoded_page.h"

namespace shootdown {

class MmuGather {
 public:
  static constexpr unsigned max_bundle = max_gather_bundle;  // MMU_GATHER_BUNDLE

  // Releases `count` entries of a batch: takes each page's flags off in place, does what they ask for,
  // then calls free_pages_and_swap_cache.
  using Release = void (*)(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count);

  // tlb_gather_mmu; with `fullmm`, tlb_gather_mmu_fullmm: the mm has no threads and goes away as a whole.
  MmuGather(Task& current, Mm& mm, bool fullmm, Release release);
  MmuGather(const MmuGather&) = delete;
  MmuGather& operator=(const MmuGather&) = delete;

  // tlb_remove_tlb_entry: the entry of `page` was cleared, so it belongs to what must be flushed.
  void remove_tlb_entry(int page);
  // free_pgtables found a page table that nothing uses.
  void remove_table(int first, int count);
  // __tlb_remove_page: queues a page. True: the gather is full, and must be flushed before the next.
  [[nodiscard]] bool remove_page(Page* page, unsigned flags);
  // tlb_flush_mmu_tlbonly: flushes what was cleared since the last flush, if anything.
  void flush_tlb_only();
  // tlb_flush_mmu: flushes, then releases all queued pages.
  void flush();
  // tlb_finish_mmu.
  void finish();

  Task& task() const { return task_; }
  Mm& mm() const { return mm_; }

  // --- for oracles ---
  const MmuGatherBatch& active() const { return *active_; }
  unsigned batch_count() const { return batch_count_; }
  // MAX_GATHER_BATCH and MAX_GATHER_BATCH_COUNT.
  static unsigned max_batch(const MachineConfig& config);
  static unsigned max_batch_count(const MachineConfig& config);

 private:
  bool next_batch();
  void free_batches();
  void release_batches();
  void adjust_range(int first, int count);
  void reset_range();

  Task& task_;
  Mm& mm_;
  Release release_;
  int start_ = 0;
  int end_ = 0;
  bool fullmm_;
  bool freed_tables_ = false;
  bool cleared_ptes_ = false;
  unsigned batch_count_ = 0;
  MmuGatherBatch* active_;
  MmuGatherBatch local_;
  std::uintptr_t pages_[max_bundle];  // of local_
};

// free_pages_and_swap_cache: drops the references of plain pointers, and frees pages whose last they were.
void free_pages_and_swap_cache(MmuGather& tlb, const std::uintptr_t* pages, unsigned count);

// encode_page, announced to the watcher.
EncodedPage encode_page(const Task& current, Page* page, unsigned flags);

}  // namespace shootdown
