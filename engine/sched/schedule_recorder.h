// Turns any run into a program that lists its schedule.
//
// Stands between the scheduler and the chooser of a run, follows beside it what
// the order of the list alone would do, and notes an exception wherever the
// chooser does otherwise. The recorded program makes the same choices at the same
// places: replayed, it makes the same steps and has the same hash. So what PCT or
// any other chooser finds can be printed, read and changed.
//
// What is run must be program(): the operations of the original, and behind them
// an explicit `exit` for each thread that has none, so that there is something to
// tie the choices to that are made while threads end. The original's exceptions
// and its PCT parameters are left out: they are the inner chooser's business.
//
// A program has room for max_operations and max_exceptions; a run that takes more
// is not recorded. Nothing can be tied to the last sync. Who runs in it is no choice,
// as only one CPU is left; but a run in which TLB entries come or go then is not
// recorded either.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/program/program.h"
#include "engine/sched/chooser.h"
#include "engine/sched/listed_schedule.h"

namespace shootdown {

// Whether the program leaves room for its threads' ends.
bool can_record(const Program& original);
// The operations of a program that can be recorded, and an `exit` for each thread that has none; without its schedule.
Program without_schedule(const Program& original);

// How a program says a choice, made while `current` is the running CPU, that is not what the order of its list would do.
Exception exception_of(const Choice& choice, int current);

class ScheduleRecorder final : public Chooser {
 public:
  // `original` can be recorded. `inner` must outlive the recorder.
  ScheduleRecorder(const Program& original, Chooser& inner);

  const Program& program() const { return program_; }
  // After a run of program(): enters the schedule into it. False if no program can say it.
  bool finish();

  void begin(int cpus) override;
  std::uint64_t next_question(const Position& position) override;
  Choice choose(const Question& question) override;
  bool may_run(int cpu, int current) override;
  void interrupt_taken() override;
  EventSet waits_for() const override { return inner_.waits_for(); }
  bool happened(const EventView& event) override;

 private:
  struct Note {
    std::uint16_t operation;
    Exception exception;
  };

  Choice choose_inner(const Question& question);
  Question place_of(const Question& question) const;
  void note(const Position& position, Exception exception);

  Program program_;
  Chooser& inner_;
  ListedSchedule order_;  // what the list alone says
  std::uint64_t inner_asks_at_ = 0;
  std::size_t count_ = 0;  // of notes, those for which there was no room too
  std::array<Note, max_exceptions> notes_;
};

}  // namespace shootdown
