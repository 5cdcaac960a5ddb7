// The gather of who unmaps: pages that wait for a TLB flush before they may be freed.
//
// Follows mm/mmu_gather.c and include/asm-generic/tlb.h of Linux 6.1 with the
// patches of October 2022, in which the queued pointers carry flags; of 6.2, where late
// rmaps limit the batches; and of 6.9, where numbers may follow pointers. A gather
// stands on the stack of the task that unmaps. Pages go into a small bundle in
// the gather itself, then into batches of a page each, as long as there are any. Page
// tables go into a batch of their own (struct mmu_table_batch), as on x86 under a hypervisor
// that flushes TLBs, and later always; else 6.1 and 6.12 queue them with the pages.
//
// What a flag means, and what is done with it when pages are released, is the
// engine's.
#pragma once

#include "engine/check.h"
#include "engine/kernel/tlb_gather.h"
#include "engine/zap/encoded_page.h"

namespace shootdown {

class MmuGather;

// Who knows what to do with queued pages when the TLBs have been flushed.
class Releaser {
 public:
  // Releases `count` entries of a batch: does what their flags ask for, then drops the references.
  virtual void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const = 0;
  // Whether pages of a folio in a row are queued together, with their number in an entry behind the pointer (Linux 6.9).
  virtual bool queues_ranges() const { return false; }

 protected:
  ~Releaser() = default;
};

class MmuGather : public TlbGather {
 public:
  static constexpr unsigned max_bundle = max_gather_bundle;  // MMU_GATHER_BUNDLE

  // tlb_gather_mmu; with `fullmm`, tlb_gather_mmu_fullmm: the mm has no threads and goes away as a whole.
  MmuGather(Task& current, Mm& mm, bool fullmm, const Releaser& releaser);

  // __tlb_remove_page; __tlb_remove_folio_pages: queues a page, or so many of one folio. True: the gather is full, and must be
  // flushed before the next.
  [[nodiscard]] bool remove_page(Page* page, unsigned flags, int pages = 1);
  // Whether numbers may follow pointers.
  bool queues_ranges() const { return room_for_number_ != 0; }
  // tlb_delay_rmap: from now on the gather holds a page whose rmap has not been removed.
  void delay_rmap() { delayed_rmap_ = true; }
  // tlb_flush_rmaps: removes the rmap of all pages whose pointers carry a flag. The TLBs have been flushed, and the
  // page-table lock is still held.
  void flush_rmaps();
  // pte_free_tlb: nobody finds the page table that begins at page `first` any more. Its memory is freed after the next flush, or
  // before this returns, if there is none to queue it in.
  void remove_table(int first);
  // tlb_flush_mmu: flushes, then frees the page tables and releases all queued pages.
  void flush();
  // tlb_finish_mmu.
  void finish();

  // MAX_GATHER_BATCH and MAX_GATHER_BATCH_COUNT.
  static unsigned max_batch(const MachineConfig& config);
  static unsigned max_batch_count(const MachineConfig& config);

 private:
  bool is_full() const;
  bool next_batch();
  void table_invalidate();
  void flush_tables();
  void free_tables();
  void free_batches();
  void release_batches();

  const Releaser& releaser_;
  const unsigned room_for_number_;  // an entry that a batch must have room for behind that of a pointer
  bool delayed_rmap_ = false;
  unsigned batch_count_ = 0;
  PageTable* tables_ = nullptr;  // the batch of page tables, of which it has
  unsigned table_count_ = 0;     // so many
  MmuGatherBatch* active_;
  MmuGatherBatch local_;
  std::uintptr_t pages_[max_bundle + 1];  // of local_; the last one is for a planted mistake
};

// free_pages_and_swap_cache of Linux 6.1: drops the references of plain pointers, and frees pages whose last they were.
void free_pages_and_swap_cache(const MmuGather& tlb, const std::uintptr_t* pages, unsigned count);
// The same of Linux 6.2, which takes encoded pointers and decodes each itself, and of 6.9, where numbers may follow them.
void free_encoded_pages_and_swap_cache(const MmuGather& tlb, const std::uintptr_t* encoded_pages, unsigned count);

// encode_page, announced; with `wrong_bit`, a mistake is made.
EncodedPage encode_page(const Task& current, Page* page, unsigned flags, bool wrong_bit = false);
// encoded_page_flags.
unsigned encoded_page_flags(const Task& current, EncodedPage encoded);

// Where a pointer lies in the array of pages.
PointerFact pointer_fact(const Task& current, std::uintptr_t bits);

// clean_and_free_pages_and_swap_cache, as the patches of October 2022 have it: does `late(page, flags)` for each page
// whose pointer carries flags and makes that a plain pointer again, in place; then drops the references of all.
template <typename Late>
void clean_and_free_pages_and_swap_cache(const MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count,
                                         const Late& late) {
  const Task& current = tlb.task();
  SHOOTDOWN_CHECK(!tlb.queues_ranges());
  for (unsigned i = 0; i < count; ++i) {
    const EncodedPage encoded(encoded_pages[i]);
    const unsigned flags = encoded_page_flags(current, encoded);
    if (flags == 0) continue;
    if (!planted(current, Defect::flags_left_in_place))
      encoded_pages[i] = encode_page(current, encoded.page(), 0).bits();
    late(encoded.page(), flags);
  }
  free_pages_and_swap_cache(tlb, encoded_pages, count);
}

}  // namespace shootdown
