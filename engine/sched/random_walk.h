// A random walk: whoever can run does, with the same chance.
//
// Where Pct keeps to few changes of who runs, this one changes as often as its
// pace says, which makes other schedules: with many small pieces, and with every
// other kind of choice between them. Sometimes a TLB loses or loads an entry, an
// allocation fails, an interrupt comes late. All randomness comes from `seed`.
//
// It promises nothing of how soon a bug is found: one that needs two steps of two
// CPUs in an order becomes the less likely the longer the run is (pct.h).
#pragma once

#include "engine/program/program.h"
#include "engine/sched/chooser.h"
#include "engine/sched/random.h"

namespace shootdown {

class RandomWalk final : public Chooser {
 public:
  // Who runs is chosen anew every `pace` steps on average: at least 1. The entries that come and go are those of pages
  // that operations of `program` begin at, which must outlive the chooser.
  RandomWalk(const Program& program, std::uint64_t seed, std::uint64_t pace)
      : program_(&program), seed_(seed), pace_(pace) {}

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int /*cpu*/, int /*current*/) override { return false; }
  void interrupt_taken() override {}

 private:
  bool one_in(std::uint64_t number) { return random_.below(number) == 0; }
  Choice disturb(const Question& question);
  Choice fail(const Question& question);
  Choice run_any(const Question& question);

  const Program* program_;
  std::uint64_t seed_;
  std::uint64_t pace_;
  SplitMix64 random_{0};
  int cpus_ = 0;
  std::uint64_t ask_at_ = 0;
};

}  // namespace shootdown
