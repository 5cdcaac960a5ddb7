// A schedule that is said by where it differs from the order of the list.
//
// Runs a program in the order of its list (engine/sched/listed_schedule.h), but for
// deviations: choices of another kind, each at a decision that is told by its
// number. Decisions are the questions that are asked before every step, when a CPU has
// come to run, and where it cannot go on; they are counted from 0. In the text of a
// program each deviation is an exception: an indented line.
//
// From a decision on the run can be paused before each, for whoever searches for the next
// deviation. What the schedule has come to can be kept and, with the run
// (Simulation::restore), gone back to.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/sched/chooser.h"
#include "engine/sched/listed_schedule.h"

namespace shootdown {

struct Deviation {
  std::uint32_t decision;
  Choice choice;  // not to pause

  bool operator==(const Deviation&) const = default;
};

class DeviatingSchedule final : public Chooser {
 public:
  // Of a program without a schedule, which must outlive it.
  explicit DeviatingSchedule(const Program& program) : now_(ListedSchedule(program, false)) {}

  // Of the runs to come, in the order of their decisions; and of the run at hand, if those before its decision are the
  // same.
  void deviate(std::span<const Deviation> deviations) { deviations_.assign(deviations.begin(), deviations.end()); }
  // The run is paused before this decision, and before each that follows.
  void pause_from(std::uint32_t decision) { pause_from_ = decision; }
  void pause_no_more() { pause_from_ = no_decision; }

  // --- of a run that is paused ---

  // The decision that is to be made.
  std::uint32_t decision() const { return now_.decision_; }
  const Question& question() const { return now_.question_; }
  // What follows if there is no deviation.
  Choice usual() const;
  // The CPUs that deviations have let run since the last step.
  CpuMask let_run() const { return now_.let_run_at_ == now_.question_.at.total ? now_.let_run_ : CpuMask{0}; }
  // Whether the run goes on as the list says, up to the next decision.
  void go_on() { now_.goes_on_ = true; }
  // What the order of the list remembers of the run: beside the run's state this says how it goes on without deviations.
  // `handles_interrupt`: whether the CPU that runs is in the handler of an interrupt.
  ListedSchedule::Memory memory(bool handles_interrupt) const {
    ListedSchedule::Memory memory = now_.order_.memory(handles_interrupt);
    memory.turn = memory.turn << 1U | (list_is_asked() ? 1U : 0U);
    return memory;
  }
  static constexpr int turn_bits = ListedSchedule::turn_bits + 1;
  // The turn where a deviation leads that lets another CPU run, which is before a step and in no handler.
  unsigned turn_behind(const Choice& choice) const;

  // How far it has come: a plain value.
  class Progress {
   private:
    friend class DeviatingSchedule;
    explicit Progress(const ListedSchedule& list) : order_(list) {}

    ListedSchedule order_;
    std::size_t next_ = 0;  // of the deviations
    std::uint32_t decision_ = 0;
    Question question_{};
    bool goes_on_ = false;
    std::uint64_t list_asks_at_ = 0;
    std::uint64_t answered_ = never;    // the step before which a CPU was let go on
    std::uint64_t let_run_at_ = never;  // the one before which deviations have let others run
    CpuMask let_run_ = 0;
  };
  const Progress& progress() const { return now_; }
  void go_back(const Progress& progress) { now_ = progress; }

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int cpu, int current) override;
  void interrupt_taken() override { now_.order_.interrupt_taken(); }

 private:
  bool list_is_asked() const;
  Choice follow_list(const Question& question);
  Choice follow(const Deviation& deviation, const Question& question);

  std::vector<Deviation> deviations_;
  static constexpr std::uint32_t no_decision = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t pause_from_ = no_decision;
  Progress now_;
};

}  // namespace shootdown
