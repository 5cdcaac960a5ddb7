// Selectively uniform random walk.
//
// H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury: "Selectively Uniform Concurrency Testing", ASPLOS 2025. Some steps are
// interesting, and every order in which the CPUs can make those is to be as likely as any other. So it is drawn who makes the
// next interesting step, each CPU with a chance in proportion to how many it has still to make; before one, the
// others wait. Who makes all other steps does not matter for that.
//
// If each CPU makes as many interesting steps as was said, and none waits for another, each order of these steps is
// sampled with the same probability, 1 / (n! / (n1! * n2! * ...)).
//
// In each run those steps are interesting that touch one of up to three kinds of places, as page-table entries, flags of pages or
// locks (engine/events/touches.h). They are drawn, of those that several CPUs touch.
//
// Where this differs from the paper: other steps are no random walk, but whoever has made the last one goes on until it has
// to wait, which loses writes sooner. How many interesting steps a CPU makes is counted in one run, in the order of the
// list; in another order it may make others. Who is drawn and cannot go on gives its turn to one that can. The first
// step of an interrupt's handler is not interesting. No allocation fails. All randomness comes from `seed`.
#pragma once

#include <array>

#include "engine/program/program.h"
#include "engine/sched/chooser.h"
#include "engine/sched/races.h"
#include "engine/sched/random.h"
#include "engine/sched/step_counts.h"

namespace shootdown {

class Surw final : public Chooser {
 public:
  Surw(std::uint64_t seed, const StepCounts& counts) : seed_(seed), counts_(counts) {}

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int /*cpu*/, int /*current*/) override { return false; }
  void interrupt_taken() override {}

 private:
  void draw_kinds();
  int draw_turn(CpuMask cpus);
  CpuMask before_interesting_steps(const Question& question) const;

  std::uint64_t seed_;
  StepCounts counts_;
  SplitMix64 random_{0};
  int cpus_ = 0;
  PlaceKinds interesting_ = 0;
  std::array<std::uint32_t, max_cpus> left_{};  // interesting steps, of each CPU
  int turn_ = 0;                                // who makes the next one
  std::uint64_t answered_ = never;
};

}  // namespace shootdown
