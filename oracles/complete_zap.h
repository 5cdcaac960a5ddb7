// A zap leaves nothing in its range.
//
// Proves: when a range has been zapped, each of its page-table entries has been
// seen empty by the CPU that zaps, or cleared by it, or seen to have no page table
// that it could stand in, since it began. Others may
// map pages there again meanwhile: an entry that is present at the end is no
// proof of anything, and is not looked at.
//
// Cannot see a zap that begins with the wrong range, or does not begin.
#pragma once

#include <algorithm>

#include "oracles/oracle.h"

namespace shootdown {

class CompleteZap final
    : public Oracle<event::BeginZap, event::ReadEntry, event::ClearEntry, event::ReadTable, event::EndZap> {
 public:
  CompleteZap(OracleId id, Trial& trial) : Oracle(id, trial) {
    for (Zap& zap : zaps_) zap.gone = row<bool>(machine().virtual_pages());
  }

  void on(int cpu, const event::BeginZap& event) {
    Zap& zap = zaps_[cpu];
    zap.mm = event.mm;
    zap.first = event.first;
    zap.count = event.count;
    std::ranges::fill(zap.gone.first(number(zap.count)), false);
  }
  void on(int cpu, const event::ReadEntry& event) {
    if (event.entry.none()) note_gone(cpu, event.mm, event.page);
  }
  void on(int cpu, const event::ClearEntry& event) { note_gone(cpu, event.mm, event.page); }

  void on(int cpu, const event::ReadTable& event) {
    const Zap& zap = zaps_[cpu];
    if (event.exists != 0 || event.mm != zap.mm) return;
    // A table has room for many more entries than most address spaces have.
    const Fact end = std::min(event.first + event.count, zap.first + zap.count);
    for (Fact page = std::max(event.first, zap.first); page < end; ++page) note_gone(cpu, event.mm, page);
  }

  void on(int cpu, const event::EndZap& event) {
    Zap& zap = zaps_[cpu];
    for (Fact i = 0; i < zap.count; ++i) {
      if (zap.gone[i]) continue;
      violate(cpu, "pages {}-{} of mm {} were zapped, but the entry of page {} was neither cleared nor found empty",
              event.first, event.first + event.count - 1, event.mm, zap.first + i);
    }
    zap.count = 0;
  }

 private:
  // What a CPU zaps; count 0: nothing.
  struct Zap {
    Fact mm = 0;
    Fact first = 0;
    Fact count = 0;
    Row<bool> gone;  // from `first` on
  };

  void note_gone(int cpu, Fact mm, Fact page) {
    const Zap& zap = zaps_[cpu];
    if (mm == zap.mm && page - zap.first < zap.count) zap.gone[page - zap.first] = true;
  }

  Row<Zap> zaps_ = one_per_cpu<Zap>();
};

}  // namespace shootdown
