// For tests of schedulers and choosers: CPUs that do what the test says, and nothing but steps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/arena.h"
#include "engine/check.h"
#include "engine/sched/atomic.h"
#include "engine/sched/chooser.h"
#include "engine/sched/cpu_fibers.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

// A client whose CPUs do what the test says.
struct Script final : Scheduler::Client {
  // What they wait for.
  static constexpr StepPoint waiting{.kind = 2};

  std::function<void(int)> body;
  std::function<bool(int)> on_interrupt = [](int) { return false; };
  std::string log;
  CpuFibers fibers;
  Arena arena;
  Scheduler* sched = nullptr;
  std::uint8_t* switch_counters = nullptr;

  Outcome run(int cpus, Chooser& chooser, std::uint64_t step_limit) {
    arena.clear();
    sched = &arena.make<Scheduler>(fibers, *this, cpus);
    sched->count_switches(switch_counters);
    sched->begin(chooser, step_limit);
    SHOOTDOWN_CHECK(sched->proceed());
    return sched->outcome();
  }

  void run_cpu(int cpu) override { body(cpu); }
  bool interrupt(int cpu) override { return on_interrupt(cpu); }
  void disturb(const Choice& /*choice*/) override {}

  template <typename Enabled>
  void wait(WaitQueue& queue, const Enabled& enabled) {
    sched->wait_until(waiting, queue, enabled, [] {});
  }

  // The scripts run on fibers that do not synchronise; what they note is the test's, not theirs.
  void step(const std::string& what) {
    sched->step({1, 0});
    const Unwatched unwatched;
    log += what;
  }
  // One that is known before it is made.
  template <typename E>
  void step(const E& event, const std::string& what) {
    sched->step(step_point(event));
    const Unwatched unwatched;
    log += what;
  }
};

}  // namespace shootdown
