// The fibers of all virtual CPUs, and the one of who runs them.
//
// They outlive runs: making one is dear. Between runs each CPU rests in the same
// place, wherever the last run has left it. Which code it goes through on its way
// there must make no difference to the next run: not even in which code is
// reached, or fuzzers take it for new.
#pragma once

#include <memory>

#include "engine/program/program.h"
#include "engine/sched/fiber.h"

namespace shootdown {

class Scheduler;

class CpuFibers {
 public:
  CpuFibers();
  CpuFibers(const CpuFibers&) = delete;
  CpuFibers& operator=(const CpuFibers&) = delete;

  // Whose Scheduler::run_on a CPU calls when it is switched to in its rest.
  void belong_to(Scheduler& scheduler) { scheduler_ = &scheduler; }

  Fiber& main_fiber() { return main_; }
  Fiber& of(int cpu) { return cpus_[cpu]->fiber; }
  const Fiber& of(int cpu) const { return cpus_[cpu]->fiber; }
  // Between the main fiber's acts and a CPU's there is an order, for ThreadSanitizer.
  void synchronise(int cpu) { main_.synchronise(of(cpu)); }
  // On the main fiber: the CPU goes to its rest. `abandon`: it forgets what it was doing, else it returns from that.
  void settle(int cpu, bool abandon);

 private:
  struct Cpu {
    Cpu(CpuFibers& owner, int id);

    CpuFibers& fibers;
    int number;
    Fiber fiber;
  };

  Fiber main_;
  Scheduler* scheduler_ = nullptr;
  std::unique_ptr<Cpu> cpus_[max_cpus];
};

}  // namespace shootdown
