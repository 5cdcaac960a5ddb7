// Probabilistic concurrency testing.
//
// S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte: "A Randomized
// Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. Each
// CPU gets a random priority; the runnable CPU of the highest priority always
// runs; at depth-1 randomly chosen steps the running CPU's priority falls below
// all others. A bug that needs `depth` ordering constraints in a run of k steps
// with n CPUs is found with a probability of at least 1/(n * k^(depth-1)).
//
// Where this differs from the paper: the run's number of steps is a given
// estimate (`steps`), not measured; change points beyond the real end are lost.
// At one in four of them the next allocation of the CPU that runs fails, too.
// All randomness comes from `seed`.
#pragma once

#include "engine/program/program.h"
#include "engine/sched/chooser.h"
#include "engine/sched/random.h"

namespace shootdown {

class Pct final : public Chooser {
 public:
  static constexpr int max_depth = max_pct_depth;

  // depth: 1 to max_depth; steps: at least 1.
  Pct(std::uint64_t seed, int depth, std::uint64_t steps) : seed_(seed), depth_(depth), steps_(steps) {}

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int cpu, int current) override;
  void interrupt_taken() override {}

 private:
  int highest(CpuMask runnable) const;
  void next_change(int number);

  std::uint64_t seed_;
  int depth_;
  std::uint64_t steps_;
  SplitMix64 random_{0};
  int next_change_ = 0;                      // index into change_at_
  bool fails_ = false;                       // an allocation, when that comes
  std::uint64_t change_at_[max_depth] = {};  // ascending
  int priority_[max_cpus] = {};              // all different
  bool woken_ = false;                       // a CPU of higher priority than the running one was woken
};

}  // namespace shootdown
