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
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

constexpr std::string_view why =
    "a page whose rmap is gone can be cleaned before the flush (Nadav Amit, October 2022; fixed in Linux 6.2 by "
    "5df397dec7c4)";

class EagerDirty final : public GatherEngine {
 public:
  std::string_view name() const override { return "eager_dirty"; }
  std::string_view summary() const override {
    return "clear, dirty, rmap, flush under the page-table lock, free: Linux up to 6.1";
  }
  std::span<const NotClaimed> not_claimed() const override { return exceptions; }

  void release(MmuGather& tlb, std::uintptr_t* pages, unsigned count) const override {
    free_pages_and_swap_cache(tlb, pages, count);
  }

 protected:
  Treatment zap_dirty(MmuGather& tlb, Page* page) const override {
    set_page_dirty(tlb.task(), page);
    return {.force_flush = true};
  }

 private:
  static constexpr NotClaimed exceptions[] = {
      {"lost-dirty-data", why},
      {"page-cache-contents", why},
      {"fsync-durability", why},
      {"dirty-unmapped", "the rmap is removed before the flush: the cause of what is lost"},
  };
};

}  // namespace

const ZapEngine& eager_dirty() {
  static const EagerDirty engine;
  return engine;
}

}  // namespace shootdown
