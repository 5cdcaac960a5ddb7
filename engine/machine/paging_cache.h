// One CPU's paging-structure cache: where the level above the page tables leads.
//
// What it has kept of that level's entries stays as it was until it is dropped, whatever
// happens to them, as in the TLB: a walk goes to the page table that was there. It has
// room for all of them. Only its own CPU uses it, so it is not atomic.
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/sanitizer.h"
#include "engine/touch.h"

namespace shootdown {

// Which of the page tables that there have been at a place, by and by, from 1 on; 0: none.
using TableNumber = std::uint32_t;

class PagingCache {
 public:
  struct Entry {
    TableNumber table;
    std::uint32_t flushes;  // that there had been when it was made
  };

  // Of places for page tables, as many as there are entries.
  explicit PagingCache(Row<Entry> entries = {}) : entries_(entries) {}

  // The page table at a place; 0: to find out takes a look at the level above.
  SHOOTDOWN_HARNESS TableNumber find(int place) const {
    touched(this, Touch::read);
    const Entry& entry = entries_[place];
    return entry.flushes == flushes_ ? entry.table : 0;
  }

  SHOOTDOWN_HARNESS void keep(int place, TableNumber table) {
    touched(this, Touch::write);
    entries_[place] = {.table = table, .flushes = flushes_};
  }

  SHOOTDOWN_HARNESS void drop(int place) {
    touched(this, Touch::write);
    entries_[place].table = 0;
  }

  SHOOTDOWN_HARNESS void drop_all() {
    touched(this, Touch::write);
    ++flushes_;
  }

 private:
  Row<Entry> entries_;
  std::uint32_t flushes_ = 0;
};

}  // namespace shootdown
