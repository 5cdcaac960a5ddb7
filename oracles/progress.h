// Every run ends.
//
// Proves: the CPUs do not all wait for each other, and none runs for ever. The
// bound on the number of steps is the kernel's to set, and generous; a run that
// exceeds it is a livelock.
#pragma once

#include <bit>

#include "oracles/oracle.h"

namespace shootdown {

class Progress final : public Oracle<event::RunEnds> {
 public:
  using Oracle::Oracle;

  void on(int /*cpu*/, const event::RunEnds& event) {
    if (event.outcome == Outcome::deadlock) {
      const unsigned unfinished = world().unfinished_cpus();
      const int first = std::countr_zero(unfinished | 1U << 31U);
      if (std::has_single_bit(unfinished)) {
        violate(-1, "deadlock: cpu {} waits and cannot go on", first);
      } else {
        violate(-1, "deadlock: {} CPUs wait and none can go on, the first is cpu {}", std::popcount(unfinished), first);
      }
    } else if (event.outcome == Outcome::too_many_steps) {
      violate(-1, "no end after {} steps", world().steps_made());
    }
  }
};

}  // namespace shootdown
