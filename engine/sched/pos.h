// Partial order sampling.
//
// X. Yuan, J. Yang, R. Gu: "Partial Order Aware Concurrency Sampling", CAV 2018, the basic algorithm. Each step that a
// CPU is about to make has a random priority, drawn when the CPU comes to it. Of those that can be made the one of the
// highest priority is made; and then all that race with it get new priorities. So the order of two steps that race is
// drawn for them, while one that races with none says nothing of when others come. The paper proves a lower
// bound of the probability with which each partial order (each schedule, but for the order of steps that do not race) is
// sampled; it is exponentially better than that of a random walk.
//
// Where this differs from the paper: of a step to come not all is known (races.h), and an interrupt's handler
// counts as no race before its CPU has begun with it. Steps that wait for a lock get new priorities, too.
//
// It has no use for an estimate of the run's length. No allocation fails. All randomness comes from `seed`.
#pragma once

#include <array>

#include "engine/program/program.h"
#include "engine/sched/chooser.h"
#include "engine/sched/random.h"

namespace shootdown {

class Pos final : public Chooser {
 public:
  explicit Pos(std::uint64_t seed) : seed_(seed) {}

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int /*cpu*/, int /*current*/) override { return false; }
  void interrupt_taken() override {}

 private:
  int highest(CpuMask runnable) const;
  CpuMask racing(const Question& question, int chosen) const;

  std::uint64_t seed_;
  SplitMix64 random_{0};
  int cpus_ = 0;
  CpuMask to_draw_ = 0;  // whose priority is to be drawn
  std::array<std::uint64_t, max_cpus> priority_{};
  std::uint64_t answered_ = never;  // the step before which somebody was let run
};

}  // namespace shootdown
