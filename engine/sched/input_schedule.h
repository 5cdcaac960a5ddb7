// The schedule that a fuzz input spells out.
//
// Operations run in the order of the list: whenever an operation ends or blocks,
// or one that blocked can go on, the earliest operation runs that can. Who waits
// for interrupts to be answered lets their CPUs answer first, and goes on. When
// all operations are done the threads end, in the order of their CPUs.
//
// The program's preemptions are the exceptions. A preemption suspends the
// operation: it goes on when no other operation can run, or when another
// preemption switches to its CPU. So one preemption is enough to put everything
// else that the program does into the middle of an operation. One whose target
// cannot run is skipped; exceptions whose operation ends before their step are lost.
#pragma once

#include "engine/program/program.h"
#include "engine/sched/strategy.h"

namespace shootdown {

class InputSchedule final : public Strategy {
 public:
  // `program` must outlive the run.
  explicit InputSchedule(const Program& program) : program_(program) {}

  int begin(int cpus) override;
  std::uint64_t next_stop(const Position& position) override;
  Decision decide(const Position& position, Candidates candidates) override;
  int pick(int current, Candidates candidates) override;
  bool preempts(int woken, int current) override;
  void interrupt_taken() override;

 private:
  struct Cpu {
    int operation = 0;       // the one that it is in, or will begin next; beyond the list: the thread's end
    int next_exception = 0;  // of that operation
    bool suspended = false;
  };

  int place(int cpu, int operation) const { return operation >= 0 ? operation : program_.operation_count + cpu; }
  // The order in which CPUs run: the lowest first.
  int order(int cpu) const;
  int choose(Candidates candidates);
  Decision preempt(const Exception& exception, int current, Candidates candidates);

  const Program& program_;
  Cpu cpus_[max_cpus] = {};
  bool named_ = false;   // the CPU that runs was named by a preemption, not chosen by order
  bool choose_ = false;  // the order may have changed: choose anew before the next step
};

}  // namespace shootdown
