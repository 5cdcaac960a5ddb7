// Engines for tests, each with one mistake.
//
// The zap is that of eager_dirty, with holes. An oracle is tested by an engine
// that makes the mistake it is there for.
#pragma once

#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

enum class Mistake : std::uint8_t {
  none,
  no_page_table_lock,  // zaps without the page-table lock
  lock_never_dropped,  // keeps it
  rmap_removed_twice,  //
  rmap_not_removed,    //
  page_queued_twice,   // and so released twice
  page_not_queued,     // its reference is lost
  released_without_flush,
  unlocked_dirty,     // dirties pages again after they were unmapped, without any lock
  flags_not_removed,  // releases pointers that still carry flags
};

class DefectiveEngine final : public GatherEngine {
 public:
  explicit DefectiveEngine(Mistake mistake) : mistake_(mistake) {}

  std::string_view name() const override { return "defective"; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }

 protected:
  void zap_pte_range(MmuGather& tlb, const Vma& /*vma*/, int page, int end) const override {
    Task& current = tlb.task();
    Mm& mm = tlb.mm();
    const int last = end - 1;
    bool full = false;
    if (!has(Mistake::no_page_table_lock)) pte_lock(current, mm, last);
    for (; page != end && !full; ++page) {
      if (!ptep_get(current, mm, page).none()) full = zap_page(tlb, page);
    }
    if (!has(Mistake::released_without_flush)) tlb.flush_tlb_only();
    if (!has(Mistake::no_page_table_lock) && !has(Mistake::lock_never_dropped)) pte_unlock(current, mm, last);
    if (full) tlb.flush();
    if (page != end) zap_pte_range(tlb, Vma(), page, end);
  }

  MmuGather::Release release() const override {
    if (has(Mistake::flags_not_removed)) {
      return [](MmuGather& tlb, std::uintptr_t* pages, unsigned count) {
        free_pages_and_swap_cache(tlb, pages, 0);
        // What would be released, for the oracle to see; then what must be, so that the run can go on.
        {
          const Unwatched unwatched;
          tlb.task().kernel->watcher.gather_releasing(tlb, pages, count);
        }
        for (unsigned i = 0; i < count; ++i) put_page(tlb.task(), EncodedPage(pages[i]).page());
      };
    }
    if (has(Mistake::unlocked_dirty)) {
      return [](MmuGather& tlb, std::uintptr_t* pages, unsigned count) {
        for (unsigned i = 0; i < count; ++i) set_page_dirty(tlb.task(), EncodedPage(pages[i]).page());
        free_pages_and_swap_cache(tlb, pages, count);
      };
    }
    return [](MmuGather& tlb, std::uintptr_t* pages, unsigned count) { free_pages_and_swap_cache(tlb, pages, count); };
  }

 private:
  bool has(Mistake mistake) const { return mistake_ == mistake; }

  // Returns whether the gather is full.
  bool zap_page(MmuGather& tlb, int address) const {
    Task& current = tlb.task();
    const Pte pte = ptep_get_and_clear(current, tlb.mm(), address);
    if (!has(Mistake::released_without_flush)) tlb.remove_tlb_entry(address);
    Page* const page = &current.kernel->pages[pte.frame()];
    if (pte.dirty()) set_page_dirty(current, page);
    tlb.mm().rss.fetch_sub(1, std::memory_order_relaxed);
    if (!has(Mistake::rmap_not_removed)) page_remove_rmap(current, page);
    if (has(Mistake::rmap_removed_twice)) page_remove_rmap(current, page);
    if (has(Mistake::page_not_queued)) return false;
    const bool full = tlb.remove_page(page, has(Mistake::flags_not_removed) ? 1 : 0);
    if (!has(Mistake::page_queued_twice) || full) return full;
    get_page(current, page);  // so that the page survives: the oracle is to see the queue, not a crash
    return tlb.remove_page(page, 0);
  }

  Mistake mistake_;
};

}  // namespace shootdown
