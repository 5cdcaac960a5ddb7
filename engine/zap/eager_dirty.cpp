// Marks pages dirty as soon as their entries are cleared: Linux up to 6.1.
//
//   page-table lock { clear the entry, set_page_dirty, remove rmap, queue the
//                     page; ... flush if any entry was dirty }  free the pages
//
// The flush under the lock was meant to keep page_mkclean out until no CPU can
// write any more (commit 1cf35d47712d, 2014). But page_mkclean only waits for
// the lock of a page that still looks mapped, and the rmap is removed before the
// flush: the page can be cleaned and written back while stale entries are still
// written through. What is written then is lost.
#include "engine/zap/engines.h"

#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

class EagerDirty final : public GatherEngine {
 public:
  std::string_view name() const override { return "eager_dirty"; }
  std::string_view summary() const override {
    return "clear, dirty, rmap, flush under the page-table lock, free: Linux up to 6.1";
  }
  std::span<const NotClaimed> not_claimed() const override;

 protected:
  void zap_pte_range(MmuGather& tlb, const Vma& vma, int page, int end) const override;
  MmuGather::Release release() const override;
};

constexpr std::string_view why =
    "a page whose rmap is gone can be cleaned before the flush (Nadav Amit, October 2022; fixed in Linux 6.2 by "
    "5df397dec7c4)";

constexpr NotClaimed exceptions[] = {
    {"lost-dirty-data", why},
    {"page-cache-contents", why},
    {"fsync-durability", why},
};

std::span<const NotClaimed> EagerDirty::not_claimed() const {
  return exceptions;
}

// zap_pte_range of mm/memory.c, Linux 6.1, for present pages of files.
void EagerDirty::zap_pte_range(MmuGather& tlb, const Vma& /*vma*/, int page, int end) const {
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
      if (pte.dirty()) {
        force_flush = true;
        set_page_dirty(current, mapped);
      }
      if (pte.young()) mark_page_accessed(current, mapped);
      --rss;
      page_remove_rmap(current, mapped);
      if (tlb.remove_page(mapped, 0)) {
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

MmuGather::Release EagerDirty::release() const {
  return [](MmuGather& tlb, std::uintptr_t* pages, unsigned count) { free_pages_and_swap_cache(tlb, pages, count); };
}

}  // namespace

const ZapEngine& eager_dirty() {
  static const EagerDirty engine;
  return engine;
}

}  // namespace shootdown
