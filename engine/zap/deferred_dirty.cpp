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
// meanwhile, becomes dirty behind the filesystem's back, unlocked and unmapped. An
// invalidation of the file drops it all the same, whoever has a reference; then
// set_page_dirty comes too late for what was written through a stale entry. And a
// truncation that has cleaned it finds it dirty again.
#include "engine/kernel/writeback.h"
#include "engine/zap/engines.h"
#include "engine/zap/gather_engine.h"

namespace shootdown {

namespace {

// The flag in a queued pointer: the page-table entry was dirty.
constexpr unsigned encoded_page_dirty = 1;

constexpr std::string_view dropped =
    "an invalidation of the file drops the page, which is neither mapped nor dirty, before it is dirtied (follows from "
    "the patch; found by this project)";

class DeferredDirty final : public GatherEngine {
 public:
  std::string_view name() const override { return "deferred_dirty"; }
  std::string_view summary() const override {
    return "clear, rmap, queue with the dirty bit in the pointer, flush, dirty, free: the withdrawn patch of October "
           "2022";
  }
  std::span<const NotClaimed> not_claimed() const override { return exceptions; }

  // The TLBs have been flushed.
  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override {
    const auto dirty = [&](Page* page, unsigned /*flags*/) { set_page_dirty(tlb.task(), page); };
    clean_and_free_pages_and_swap_cache(tlb, encoded_pages, count, dirty);
  }

 protected:
  Treatment zap_dirty(MmuGather& /*tlb*/, Page* /*page*/) const override { return {.flags = encoded_page_dirty}; }

 private:
  static constexpr NotClaimed exceptions[] = {
      {"lost-dirty-data", dropped},
      {"page-cache-contents", dropped},
      {"fsync-durability",
       "between the cleared entry and the deferred set_page_dirty an fsync finds the page neither mapped nor dirty "
       "(follows from the patch; found by this project)"},
      {"filesystem-contract",
       "the page may be clean, unlocked, unmapped and without buffers when it is dirtied (Nadav Amit, October 2022: "
       "two ext4 warnings; the patch was withdrawn)"},
      {"dirty-unmapped",
       "the rmap is removed before the flush; what is written until then is meant to be saved by the set_page_dirty "
       "after it"},
      {"kernel-warnings",
       "truncation has cleaned the page, which nobody maps any more, and takes it out of its file, dirtied again: a "
       "WARN_ON_ONCE of filemap_unaccount_folio (follows from the patch; found by this project)"},
  };
};

}  // namespace

const ZapEngine& deferred_dirty() {
  static const DeferredDirty engine;
  return engine;
}

}  // namespace shootdown
