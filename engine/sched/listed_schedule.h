// The schedule that a program lists.
//
// Operations run in the order of the list: whenever an operation ends or blocks,
// or one that blocked can go on, the earliest operation runs that can. Who waits
// for interrupts to be answered lets their CPUs answer first, and goes on; a
// handler that has begun ends before operations go on. When all operations are
// done the threads end, in the order of their CPUs.
//
// The program's exceptions are what happens otherwise. A preemption suspends the
// operation: it goes on when no other operation can run, or when another
// preemption switches to its CPU. So one preemption is enough to put everything
// else that the program does into the middle of an operation. If it does not say to
// whom it switches, that is who would be next in order if nobody had an interrupt to take.
// One whose target cannot run is skipped, and so is one where the operation waits and its target
// would come next anyway; exceptions whose operation ends before their step are lost.
//
// A plain value: who copies it has the schedule as it is at that moment.
#pragma once

#include <array>

#include "engine/program/program.h"
#include "engine/sched/chooser.h"

namespace shootdown {

class ListedSchedule {
 public:
  // `program` must outlive the run. Whether its exceptions count: without them it is the order of the list.
  explicit ListedSchedule(const Program& program, bool with_exceptions = true)
      : program_(&program), with_exceptions_(with_exceptions) {}

  void begin(int cpus);
  std::uint64_t next_question(const Position& position);
  Choice choose(const Question& question);
  bool may_run(int cpu, int current);
  void interrupt_taken();
  EventSet waits_for() const;
  bool happened(const EventView& event);

  // The question at the beginning of a run, as if it were asked before the first step of a CPU.
  Question at_first_step(const Question& question, int cpu) const;
  // What it remembers of a run so far, as far as it makes a difference to how that goes on without exceptions.
  struct Memory {
    std::uint64_t operations;  // a digest of those that CPUs are in, or will begin next
    unsigned turn;             // whose it is, below 2^turn_bits: all that a choice of who runs can change

    bool operator==(const Memory&) const = default;
  };
  static constexpr int turn_bits = max_cpus + 2;
  // `handles_interrupt`: whether the CPU that runs is in the handler of an interrupt.
  Memory memory(bool handles_interrupt) const;
  // What happens if this is the next exception of the operation that the CPU is in, and its time has come.
  Choice follow(const Exception& exception, const Question& question);

 private:
  struct Cpu {
    int operation = 0;       // the one that it is in, or will begin next; beyond the list: the thread's end
    int next_exception = 0;  // of that operation
    int seen = 0;            // events that this exception counts, so far
    bool suspended = false;
  };

  int place(int cpu, int operation) const { return operation >= 0 ? operation : program_->operation_count + cpu; }
  int operation_of(int cpu) const;  // -1: its thread's end
  const Exception* next_of(int cpu) const;
  void take(int cpu);
  bool is_due(const Exception& exception, const Position& position) const;
  Choice begin_with(const Question& question);
  // The order in which CPUs run: the lowest first.
  int order(int cpu) const;
  int first_of(unsigned cpus) const;
  static CpuMask next_in_order(const Question& question);
  Choice first_in_order(const Question& question);
  Choice preempt(const Exception& exception, const Question& question);
  Choice run_named(Choice choice);

  const Program* program_;
  bool with_exceptions_;
  std::array<Cpu, max_cpus> cpus_{};
  bool named_ = false;    // the CPU that runs was named by a preemption, not chosen by order
  bool in_turn_ = true;   // it did not come to run just to take an interrupt
  bool reorder_ = false;  // the order may have changed: choose anew before the next step
};

// The same as a chooser.
class ListedChooser final : public Chooser {
 public:
  explicit ListedChooser(const Program& program, bool with_exceptions = true) : schedule_(program, with_exceptions) {}

  void begin(int cpus) override { schedule_.begin(cpus); }
  std::uint64_t next_question(const Position& position) override { return schedule_.next_question(position); }
  Choice choose(const Question& question) override { return schedule_.choose(question); }
  bool may_run(int cpu, int current) override { return schedule_.may_run(cpu, current); }
  void interrupt_taken() override { schedule_.interrupt_taken(); }
  EventSet waits_for() const override { return schedule_.waits_for(); }
  bool happened(const EventView& event) override { return schedule_.happened(event); }

 private:
  ListedSchedule schedule_;
};

}  // namespace shootdown
