// Takes pages of a large folio together: Linux 6.9 (David Hildenbrand, "mm/memory:
// optimize unmap/zap with PTE-mapped THP", February 2024).
//
//   page-table lock { clear the entries that map pages of one folio in a row,
//                     set_page_dirty if any was dirty, queue them as one pointer
//                     and, behind it, their number; flush; remove the rmap of
//                     flagged ranges }
//   free the pages, as many references as there are pages in each range
//
// The order is that of delayed_rmap, and a folio of one page is treated just so. What is
// new is the array: an entry may be a number, so no batch is full with its last entry
// taken, no chunk ends between a pointer and its number, and whoever looks at flags
// must take each number for what it is. It has no bits of a flag, being shifted.
#include "engine/zap/delayed_rmap.h"
#include "engine/zap/engines.h"

namespace shootdown {

namespace {

class DelayedRmapRanges final : public DelayedRmap {
 public:
  std::string_view name() const override { return "delayed_rmap_ranges"; }
  std::string_view summary() const override {
    return "the same for pages of a folio in a row, which are queued with their number: since Linux 6.9";
  }
  bool queues_ranges() const override { return true; }
};

}  // namespace

const ZapEngine& delayed_rmap_ranges() {
  static const DelayedRmapRanges engine;
  return engine;
}

}  // namespace shootdown
