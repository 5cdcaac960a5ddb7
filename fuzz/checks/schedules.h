// Many pseudo-random schedules of a program: for what asks which guarantees an engine breaks under any of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "engine/sched/pct.h"
#include "fuzz/compare/sequential_programs.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

// Calls visit(chooser) with so many choosers of schedules, the same each time, until it returns true.
template <typename Visit>
void each_schedule(Replayer& replayer, const Program& program, std::uint64_t count, const Visit& visit) {
  constexpr int most_changes = 4;
  struct Steps final : Observer {
    std::uint64_t made = 0;

    EventSet watches() const override { return EventSet::of(EventList<event::RunEnds>{}); }
    void happened(const EventView& /*event*/, const World& world) override { made = world.steps_made(); }
  } steps;
  replayer.run(program, &steps);
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    Pct pct(seed, static_cast<int>(1 + seed % most_changes), std::max<std::uint64_t>(steps.made, 1));
    if (visit(pct)) return;
  }
}

// By the program's own schedule, too, and one operation after the other: in most of the others a thread that stores has ended before
// another one unmaps.
inline OracleSet broken_under_schedules(Replayer& replayer, const Program& program, std::uint64_t count) {
  const auto in_order = std::make_unique<Program>(program);
  make_sequential(*in_order);
  OracleSet broken = replayer.run(program).broken | replayer.run(*in_order).broken;
  each_schedule(replayer, program, count, [&](Chooser& chooser) {
    broken = broken | replayer.run(program, nullptr, &chooser).broken;
    return false;
  });
  return broken;
}

}  // namespace shootdown
