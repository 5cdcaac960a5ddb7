// Marks pages dirty only after the flush: the patch of October 2022, "mm: make
// sure to flush TLB before marking page dirty" (Linus Torvalds; withdrawn).
//
//   page-table lock { clear the entry, remove rmap, queue the page with the
//                     entry's dirty bit in the low bit of the pointer }
//   flush, set_page_dirty for every queued pointer that carries the bit, free
//
// Whatever is written through a stale entry before the flush, the page becomes
// dirty after it: nothing is lost. But between the removed rmap and the deferred
// set_page_dirty nobody knows that the page is dirty. An fsync finds nothing to
// do; and the page, which may have been cleaned and stripped of its buffers
// meanwhile, becomes dirty behind the filesystem's back, unlocked and unmapped.
#include "engine/zap/engines.h"

#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

// The flag in a queued pointer: the page-table entry was dirty.
constexpr unsigned encoded_page_dirty = 1;

class DeferredDirty final : public GatherEngine {
 public:
  std::string_view name() const override { return "deferred_dirty"; }
  std::string_view summary() const override {
    return "clear, rmap, queue with the dirty bit in the pointer, flush, dirty, free: the withdrawn patch of October "
           "2022";
  }
  std::span<const NotClaimed> not_claimed() const override;

 protected:
  void zap_pte_range(MmuGather& tlb, const Vma& vma, int page, int end) const override;
  MmuGather::Release release() const override;
};

constexpr NotClaimed exceptions[] = {
    {"fsync-durability",
     "between the cleared entry and the deferred set_page_dirty an fsync finds the page neither mapped nor dirty "
     "(follows from the "
     "patch; found by this project)"},
    {"filesystem-contract",
     "the page may be clean, unlocked, unmapped and without buffers when it is dirtied (Nadav Amit, October 2022: two "
     "ext4 warnings; "
     "the patch was withdrawn)"},
};

std::span<const NotClaimed> DeferredDirty::not_claimed() const {
  return exceptions;
}

// zap_pte_range of mm/memory.c, Linux 6.1 with the patch, for present pages of files.
void DeferredDirty::zap_pte_range(MmuGather& tlb, const Vma& /*vma*/, int page, int end) const {
  Task& current = tlb.task();
  Mm& mm = tlb.mm();
  do {
    bool force_flush = false;
    long rss = 0;
    pte_lock(current, mm, page);
    while (page != end) {
      const int address = page++;
      if (ptep_get(current, mm, address).none()) continue;
      const Pte pte = ptep_get_and_clear(current, mm, address);
      tlb.remove_tlb_entry(address);
      Page* const mapped = &current.kernel->pages[pte.frame()];
      if (pte.young()) mark_page_accessed(current, mapped);
      --rss;
      page_remove_rmap(current, mapped);
      if (tlb.remove_page(mapped, pte.dirty() ? encoded_page_dirty : 0)) {
        force_flush = true;
        break;
      }
    }
    mm.rss.fetch_add(rss, std::memory_order_relaxed);
    if (force_flush) tlb.flush_tlb_only();
    pte_unlock(current, mm, end - 1);
    if (force_flush) tlb.flush();
  } while (page != end);
}

// clean_and_free_pages_and_swap_cache: the TLBs have been flushed; moves the dirty bits into the pages,
// cleaning the array in place, then frees the pages.
void clean_and_free_pages_and_swap_cache(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const EncodedPage encoded(encoded_pages[i]);
    if ((encoded.flags() & encoded_page_dirty) == 0) continue;
    encoded_pages[i] = encode_page(tlb.task(), encoded.page(), 0).bits();
    set_page_dirty(tlb.task(), encoded.page());
  }
  free_pages_and_swap_cache(tlb, encoded_pages, count);
}

MmuGather::Release DeferredDirty::release() const {
  return clean_and_free_pages_and_swap_cache;
}

}  // namespace

const ZapEngine& deferred_dirty() {
  static const DeferredDirty engine;
  return engine;
}

}  // namespace shootdown
