// Marks pages dirty after the flush, and only then removes their rmap: what the
// patch of October 2022 would have become with a second flag in the pointers.
//
//   page-table lock { clear the entry, queue the page with its dirty bit, and a flag
//                     for its rmap, in the low bits of the pointer }
//   flush, set_page_dirty and then remove the rmap of flagged pages, free
//
// The page looks mapped until it is dirty, so whoever cleans it goes for the
// page-table lock. But he does not find it held: it was dropped before the flush. The
// entry is gone, so there is nothing to make clean, and nobody to wait for. An fsync
// returns without what was written meanwhile; the page becomes dirty behind the
// filesystem's back; and an invalidation, which has unmapped all that it could find,
// drops a page that still looks mapped.
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

class DeferredDirtyLateRmap final : public GatherEngine {
 public:
  std::string_view name() const override { return "deferred_dirty_late_rmap"; }
  std::string_view summary() const override {
    return "clear, queue with the dirty bit in the pointer, flush, dirty, rmap, free: the withdrawn patch with a late "
           "rmap, without the page-table lock";
  }
  std::span<const NotClaimed> not_claimed() const override { return exceptions; }

  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override {
    Task& current = tlb.task();
    const auto dirty_and_unmap = [&](Page* page, unsigned flags) {
      if ((flags & encoded_page_dirty) != 0) set_page_dirty(current, page);
      if ((flags & encoded_page_zap_rmap) != 0) page_remove_rmap(current, page);
    };
    clean_and_free_pages_and_swap_cache(tlb, encoded_pages, count, dirty_and_unmap);
  }

 protected:
  Treatment zap_dirty(MmuGather& /*tlb*/, Page* /*page*/) const override {
    return {.flags = encoded_page_dirty | encoded_page_zap_rmap, .delay_rmap = true};
  }

 private:
  // The flags in a queued pointer: the page-table entry was dirty; the rmap has not been removed yet.
  static constexpr unsigned encoded_page_dirty = 1;
  static constexpr unsigned encoded_page_zap_rmap = 2;

  static constexpr std::string_view dropped =
      "an invalidation of the file finds no entry to clear and drops the page, which is clean, before it is dirtied "
      "(follows from the order; found by this project)";
  static constexpr NotClaimed exceptions[] = {
      {"lost-dirty-data", dropped},
      {"page-cache-contents", dropped},
      {"fsync-durability",
       "between the cleared entry and the deferred set_page_dirty an fsync finds the page mapped, but nothing in the "
       "page table, and nobody who holds its lock (Linus Torvalds, October 2022: the late rmap alone would not work)"},
      {"filesystem-contract",
       "the page may be clean and unlocked, or have lost its buffers, when it is dirtied, and no page-table lock is "
       "held (Linus Torvalds, October 2022: the lock must be kept, too)"},
      {"counts",
       "an invalidation, like a truncation, drops a page whose rmap has not been removed yet: a "
       "BUG_ON(folio_mapped(folio)) of invalidate_inode_pages2_range in Linux 6.1 (follows from the order; found by "
       "this "
       "project)"},
      {"kernel-warnings",
       "truncation has unmapped all that it could find and cleaned the page, and takes it out of its file, dirtied "
       "again: a WARN_ON_ONCE of filemap_unaccount_folio (follows from the order; found by this project)"},
  };
};

}  // namespace

const ZapEngine& deferred_dirty_late_rmap() {
  static const DeferredDirtyLateRmap engine;
  return engine;
}

}  // namespace shootdown
