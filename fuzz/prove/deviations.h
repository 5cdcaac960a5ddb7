// A schedule that is said by where it differs from the order of the list.
//
// Runs a program in the order of its list (engine/sched/listed_schedule.h), but for
// deviations: choices of another kind, each at a decision that is told by its
// number. Decisions are the questions that are asked before every step, and where a
// CPU cannot go on; they are counted from 0. In the text of a program each deviation
// is an exception: an indented line.
//
// Behind the last deviation the run is paused before each decision, for whoever searches
// for the next one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sched/chooser.h"
#include "engine/sched/listed_schedule.h"

namespace shootdown {

struct Deviation {
  std::uint32_t decision;
  Choice choice;  // not to pause
};

class DeviatingSchedule final : public Chooser {
 public:
  // Of a program without a schedule, which must outlive it. `pauses`: whether it does.
  explicit DeviatingSchedule(const Program& program, bool pauses = false) : order_(program, false), pauses_(pauses) {}

  // Of the runs to come, in the order of their decisions.
  void deviate(std::span<const Deviation> deviations) { deviations_.assign(deviations.begin(), deviations.end()); }

  // --- of a run that is paused ---

  // The decision that is to be made.
  std::uint32_t decision() const { return decisions_; }
  const Question& question() const { return question_; }
  // What follows if there is no deviation.
  Choice usual() const;
  // Whether the run goes on as the list says; until then it stays at this decision.
  void go_on() { goes_on_ = true; }
  // What the order of the list remembers of the run: beside the run's state this says how it goes on without deviations.
  std::uint64_t memory() const { return order_.memory() << 1U | (list_is_asked() ? 1U : 0U); }

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int cpu, int current) override;
  void interrupt_taken() override { order_.interrupt_taken(); }

 private:
  bool list_is_asked() const;
  Choice follow_list(const Question& question);
  Choice follow(const Deviation& deviation, const Question& question);

  ListedSchedule order_;
  bool pauses_;
  std::vector<Deviation> deviations_;
  std::size_t next_ = 0;  // of them
  std::uint32_t decisions_ = 0;
  Question question_{};
  bool goes_on_ = false;
  std::uint64_t list_asks_at_ = 0;
  std::uint64_t answered_ = never;  // the step before which somebody was let run
};

}  // namespace shootdown
