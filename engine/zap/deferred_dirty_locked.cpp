// Marks pages dirty only after the flush, and locks them for it: what comes to mind
// when deferred_dirty is blamed for dirtying pages that are not locked.
//
//   page-table lock { clear the entry, remove rmap, queue the page with the
//                     entry's dirty bit in the low bit of the pointer }
//   flush, set_page_dirty_lock for every queued pointer that carries the bit, free
//
// No page becomes dirty unlocked any more. But the lock comes too late: before it,
// nobody knows that the page is dirty, so an fsync finds nothing to do, and the page
// may lose its buffers, or be dropped from the file, as with deferred_dirty. And who
// zaps may have locked the page himself. An invalidation unmaps a page that it has
// locked (invalidate_inode_pages2_range, unmap_mapping_folio), and truncation does:
// the release then waits for its own caller.
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

class DeferredDirtyLocked final : public GatherEngine {
 public:
  std::string_view name() const override { return "deferred_dirty_locked"; }
  std::string_view summary() const override {
    return "clear, rmap, queue with the dirty bit in the pointer, flush, dirty under the page lock, free: the "
           "withdrawn patch "
           "with set_page_dirty_lock";
  }
  std::span<const NotClaimed> not_claimed() const override { return exceptions; }

  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override {
    const auto dirty = [&](Page* page, unsigned /*flags*/) { set_page_dirty_lock(tlb.task(), page); };
    clean_and_free_pages_and_swap_cache(tlb, encoded_pages, count, dirty);
  }

 protected:
  Treatment zap_dirty(MmuGather& /*tlb*/, Page* /*page*/) const override { return {.flags = encoded_page_dirty}; }

 private:
  // The flag in a queued pointer: the page-table entry was dirty.
  static constexpr unsigned encoded_page_dirty = 1;

  static constexpr std::string_view dropped =
      "an invalidation of the file drops the page, which is neither mapped nor dirty, before it is dirtied (follows "
      "from "
      "the order; found by this project)";
  static constexpr NotClaimed exceptions[] = {
      {"lost-dirty-data", dropped},
      {"page-cache-contents", dropped},
      {"fsync-durability",
       "between the cleared entry and the deferred set_page_dirty_lock an fsync finds the page neither mapped nor "
       "dirty "
       "(follows from the order; found by this project)"},
      {"filesystem-contract",
       "the page may have lost its buffers when it is dirtied (as Nadav Amit predicted of deferred_dirty, October "
       "2022)"},
      {"dirty-unmapped",
       "the rmap is removed before the flush; what is written until then is meant to be saved by the "
       "set_page_dirty_lock after it"},
      {"progress",
       "an invalidation, like a truncation, unmaps a page that it has locked, and the release waits for that lock "
       "(invalidate_inode_pages2_range of Linux 6.1; found by this project)"},
  };
};

}  // namespace

const ZapEngine& deferred_dirty_locked() {
  static const DeferredDirtyLocked engine;
  return engine;
}

}  // namespace shootdown
