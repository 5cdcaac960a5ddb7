// A run without a kernel, for tests of oracles: the test makes the events, in a
// world that it makes too, and a Judge judges.
#pragma once

#include <cstdint>
#include <string>

#include "engine/arena.h"
#include "engine/events/event.h"
#include "engine/program/program.h"
#include "oracles/judge.h"
#include "test/world.h"

namespace shootdown {

class HandMadeRun {
 public:
  explicit HandMadeRun(Observer* companion = nullptr) : judge_(companion) { begin(); }

  TestWorld world;

  // Begins anew, in the world as it is. The judge forgets what it found.
  void begin() {
    world.steps = 0;
    arena_.clear();
    judge_.begin(arena_, world);
    happens(0, event::RunBegins{.cpus = world.config.cpus});
  }
  // Changes the machine, and begins anew.
  void begin(std::uint16_t MachineConfig::* parameter, int value) {
    world.config.*parameter = static_cast<std::uint16_t>(value);
    begin();
  }
  template <typename E>
  void happens(int cpu, const E& event) {
    if (E::is_step) ++world.steps;
    const EventView any(world.steps, cpu, event);
    if (judge_.watches().contains(any.kind)) judge_.happened(any, world);
  }
  void end(Outcome outcome = Outcome::completed) { happens(0, event::RunEnds{.outcome = outcome}); }

  Report report() const { return judge_.report(); }
  // No oracle has found anything.
  bool holds() const { return judge_.broken().empty(); }
  bool breaks(OracleId id) const { return judge_.broken().contains(id); }
  // What an oracle found; empty: nothing.
  std::string fact(OracleId id) const { return breaks(id) ? std::string(report().violation(id).fact()) : ""; }

 private:
  Arena arena_;
  Judge judge_;
};

}  // namespace shootdown
