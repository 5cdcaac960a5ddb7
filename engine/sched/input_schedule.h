// The schedule that a fuzz input spells out.
//
// CPU 0 runs first. The running CPU goes on until it blocks or ends; then the
// next runnable CPU, in ascending order and wrapping around, takes over. The
// program's events are the exceptions. A preemption whose target cannot run is
// skipped; events whose operation ends before their step are lost.
//
// Every schedule can be written this way: when a CPU comes to run it is at a
// step of one of its operations, where a further preemption may stand.
#pragma once

#include "engine/program.h"
#include "engine/sched/strategy.h"

namespace shootdown {

class InputSchedule final : public Strategy {
 public:
  // `program` must outlive the run.
  explicit InputSchedule(const Program& program) : program_(program) {}

  int begin(int cpus) override;
  std::uint64_t next_stop(const Position& position) override;
  Decision decide(const Position& position, CpuMask runnable) override;
  int pick(int current, CpuMask runnable) override;
  bool preempts(int /*woken*/, int /*current*/) override { return false; }

  // A Decision's disturbance is this: CPU times max_events plus the event's index.
  static const Event& disturbance(const Program& program, int number) {
    return program.cpus[static_cast<std::size_t>(number / max_events)]
        .events[static_cast<std::size_t>(number % max_events)];
  }

 private:
  const Program& program_;
  std::uint8_t next_event_[max_cpus] = {};  // of each CPU
};

}  // namespace shootdown
