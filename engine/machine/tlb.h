// One CPU's translation lookaside buffer.
//
// Fully associative, of bounded size; when it is full, a new entry replaces the
// oldest. An entry is a copy of a PTE: it stays as it was until it is dropped,
// whatever happens to the PTE. Only its own CPU uses it, so it is not atomic.
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/machine/pte.h"
#include "engine/sanitizer.h"
#include "engine/touch.h"

namespace shootdown {

struct TlbEntry {
  // Of what a page walk has found, in this life of the frame.
  static TlbEntry of(std::uint16_t page, Pte pte, std::uint32_t generation) {
    return {.page = page, .frame = pte.frame(), .write = pte.write(), .dirty = pte.dirty(), .generation = generation};
  }

  // Whether an access through it does not look at the page table.
  bool serves(bool store) const { return !store || (write && dirty); }
  // `now`: which life the frame is in.
  TlbFact fact(std::uint32_t now) const {
    return {.page = page,
            .entry = {EntryFact::present_bit | (write ? EntryFact::write_bit : 0U) |
                      (dirty ? EntryFact::dirty_bit : 0U) | static_cast<Fact>(frame) << EntryFact::frame_shift},
            .lives_ago = now - generation};
  }

  std::uint16_t page = 0;  // virtual
  FrameNumber frame = 0;
  bool write = false;
  bool dirty = false;
  std::uint16_t unused = 0;
  // Which life of the frame the entry was made for: no hardware has this. An oracle compares it.
  std::uint32_t generation = 0;
};
HAS_NO_GAPS(TlbEntry);

class Tlb {
 public:
  // Holds what `entries`, at least one, have room for.
  explicit Tlb(Row<TlbEntry> entries = {}) : entries_(entries) {}

  // The entry for a virtual page, or null.
  SHOOTDOWN_HARNESS TlbEntry* find(std::uint16_t page) {
    touched(this, Touch::read);
    for (int i = 0; i < count_; ++i) {
      if (entries_[i].page == page) return &entries_[i];
    }
    return nullptr;
  }

  // Adds an entry, in place of the one for the same page or of the oldest if need be.
  SHOOTDOWN_HARNESS void insert(const TlbEntry& entry) {
    touched(this, Touch::write);
    if (TlbEntry* const old = find(entry.page)) {
      *old = entry;
    } else if (count_ < entries_.size()) {
      entries_[count_++] = entry;
    } else {
      entries_[oldest_] = entry;
      oldest_ = (oldest_ + 1) % entries_.size();
    }
  }

  // Drops the entry for a page; returns whether there was one.
  SHOOTDOWN_HARNESS bool drop(std::uint16_t page) {
    touched(this, Touch::update);
    TlbEntry* const entry = find(page);
    if (entry == nullptr) return false;
    *entry = entries_[--count_];
    entries_[count_] = {};  // nothing is left behind that would make two worlds of one
    oldest_ = 0;
    return true;
  }

  SHOOTDOWN_HARNESS void drop_all() {
    touched(this, Touch::write);
    while (count_ != 0) entries_[--count_] = {};
    oldest_ = 0;
  }

  int size() const { return count_; }
  const TlbEntry* begin() const { return entries_.begin(); }
  const TlbEntry* end() const { return begin() + count_; }

 private:
  Row<TlbEntry> entries_;
  int count_ = 0;
  int oldest_ = 0;
};

}  // namespace shootdown
