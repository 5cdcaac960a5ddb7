// The CPUs' paging-structure caches: where the level above the page tables leads.
//
// What a CPU has kept of that level's entries stays as it was until it is dropped, whatever
// happens to them, as in the TLB: a walk goes to the page table that was there. There is
// room for all of them. Only its own CPU uses what is a CPU's, so it is not atomic.
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/sanitizer.h"
#include "engine/touch.h"

namespace shootdown {

// Which of the page tables that there have been at a place, by and by, from 1 on; 0: none.
using TableNumber = std::uint32_t;

class PagingCaches {
 public:
  // For each CPU, for so many places of page tables.
  PagingCaches(Arena& arena, int cpus, int places)
      : places_(places), entries_(arena.row<Entry>(cpus * places)), flushes_(arena.row<std::uint32_t>(cpus)) {}

  // The page table at a place; 0: to find out takes a look at the level above.
  SHOOTDOWN_HARNESS TableNumber find(int cpu, int place) const {
    const Entry& entry = entry_of(cpu, place);
    touched(&entry, Touch::read);
    return entry.flushes == flushes_[cpu] ? entry.table : 0;
  }

  SHOOTDOWN_HARNESS void keep(int cpu, int place, TableNumber table) {
    Entry& entry = entry_of(cpu, place);
    touched(&entry, Touch::write);
    entry = {.table = table, .flushes = flushes_[cpu]};
  }

  SHOOTDOWN_HARNESS void drop(int cpu, int place) { keep(cpu, place, 0); }

  SHOOTDOWN_HARNESS void drop_all(int cpu) {
    touched(&entry_of(cpu, 0), Touch::write);
    ++flushes_[cpu];
  }

  // Whose is what lies there, as a number of an entry.
  int owner_of(int entry) const { return entry / places_; }

  struct Entry {
    TableNumber table;
    std::uint32_t flushes;  // that there had been when it was made
  };
  const Row<Entry>& entries() const { return entries_; }

 private:
  Entry& entry_of(int cpu, int place) const { return entries_[cpu * places_ + place]; }

  int places_;
  Row<Entry> entries_;
  Row<std::uint32_t> flushes_;  // of each CPU
};

}  // namespace shootdown
