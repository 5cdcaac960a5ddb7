// Every run ends.
//
// Proves: the CPUs do not all wait for each other, and none runs for ever. The
// bound on the number of steps is generous (Kernel::step_limit); a run that
// exceeds it is a livelock.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class Progress final : public Oracle {
 public:
  using Oracle::Oracle;

  void end(const Kernel& kernel, Scheduler::Outcome outcome) override {
    const unsigned unfinished = kernel.sched.unfinished();
    if (outcome == Scheduler::Outcome::deadlock) {
      violate(-1, "deadlock: {} CPUs wait and none can go on, the first is cpu {}", __builtin_popcount(unfinished),
              __builtin_ctz(unfinished | 1U << 31U));
    } else if (outcome == Scheduler::Outcome::too_many_steps) {
      violate(-1, "no end after {} steps", kernel.sched.steps());
    }
  }
};

}  // namespace shootdown
