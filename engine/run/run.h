// One run of a program on a kernel: what is the same whichever kernel it is.
//
// Has the threads carry out the program's operations on their CPUs, each thread
// end, and the last one finish the run; and tells those who watch what the kernel
// announces. A kernel derives from it, and does the rest.
//
// Is made anew for every run, in the arena of that run (simulation.h): no run
// knows of another. A run asks the system for no memory.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <type_traits>

#include "engine/arena.h"
#include "engine/defects.h"
#include "engine/events/observer.h"
#include "engine/program/program.h"
#include "engine/run/code.h"
#include "engine/sched/atomic.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

// What it takes to make one. All must outlive it.
struct RunSetup {
  Arena& arena;
  CpuFibers& fibers;
  const Program& program;
  Defect defect;       // the mistake that is made
  Observer& observer;  // is told what it watches
  Observer* trace;     // is, too; may be null
  Chooser& chooser;
  CodeWatch code;
};

// Is given pieces of memory.
using MemoryVisitor = std::function<void(std::span<std::byte>)>;

class Run : private Scheduler::Client {
 public:
  // `world` must outlive it, and is not looked at before begin().
  Run(const RunSetup& setup, const World& world);

  // Once: brings each CPU to its first step.
  void begin();
  // See Scheduler::proceed.
  bool proceed(std::uint64_t until);

  // What it changes of memory that is neither in the arena nor on the CPUs' fibers: pieces, as many of them each time, in the same order.
  // Each may grow at its ends, into zeros.
  virtual void visit_memory(const MemoryVisitor& /*visit*/) const {}

  const MachineConfig config;
  const Defect defect;
  Atomic<bool> defect_reached{false};  // the place was where the mistake is made
  Scheduler sched;

  const World& world() const { return world_; }

  // Says that `cpu` has done something: to all who watch it, and to the hash.
  template <typename E>
  void announce(int cpu, const E& event);

 protected:
  ~Run() = default;

  Arena& arena() { return arena_; }

  // Of accesses to memory, by a kernel that is code; to be asked before it is found out what an access is to.
  bool accesses_are_watched() const { return accesses_are_watched_; }
  void tell_of_access(const MemoryAccess& access) { trace_->accesses(access, world_); }

 private:
  // --- what a kernel does ---

  // The most steps that the program may need, generously: more than that is a livelock.
  virtual std::uint64_t step_limit(const Program& program) const = 0;
  // CPUs are about to run, or have stopped to.
  virtual void enter() {}
  virtual void leave() {}
  // On a CPU: the thread's end comes in place of an operation, too; `finish` is done by whoever ends last,
  // when no interrupt of others is left to take.
  virtual void begin_operation(int cpu) = 0;
  virtual void run_operation(int cpu, const Operation& operation) = 0;
  virtual bool has_exited(int cpu) const = 0;
  virtual void exit_thread(int cpu) = 0;
  virtual void finish(int cpu) = 0;

  void run_cpu(int cpu) final;
  void enter_operation(int cpu, int number);
  bool is_last_thread();
  // Tells all who watch it, also of what no CPU does. Nearly always that is the observer alone.
  template <typename E>
  void tell(int cpu, const E& event) {
    const EventView view(sched.steps(), cpu, event);
    if (observer_watches_.contains(kind_of<E>)) observer_.happened(view, world_);
    if (others_watch_.contains(kind_of<E>)) tell_others(view);
    // Who looks at the world makes nothing happen in it.
    SHOOTDOWN_CHECK(sched.steps() == view.step);
  }
  void tell_others(const EventView& event);
  template <typename E>
  static std::uint64_t digest(int cpu, const E& event);

  const World& world_;
  Arena& arena_;
  const Program& program_;
  Observer& observer_;
  Observer* trace_;
  Chooser& chooser_;
  EventSet observer_watches_;
  EventSet trace_watches_;
  EventSet chooser_waits_for_;
  EventSet others_watch_;  // trace or chooser
  bool accesses_are_watched_;
  Atomic<int> threads_left_;
};

// Facts are multiplied in pairs, and each pair by a constant of its own, so that the products do not wait for each other.
template <typename E>
std::uint64_t Run::digest(int cpu, const E& event) {
  const std::uint64_t what = kind_of<E> | static_cast<std::uint64_t>(cpu) << 8U;
  if constexpr (fact_count<E> == 0) {
    return what;
  } else {
    std::array<std::uint64_t, (fact_count<E> + 1) / 2> pairs{};
    std::memcpy(pairs.data(), &event, sizeof event);
    std::uint64_t sum = what;
    std::uint64_t factor = 0x9E3779B97F4A7C15U;
    for (const std::uint64_t pair : pairs) {
      sum += pair * factor;
      factor = factor * 5U + 2U;
    }
    return sum;
  }
}

template <typename E>
SHOOTDOWN_HARNESS void Run::announce(int cpu, const E& event) {
  const Unwatched unwatched;
  // Which number an operation has in its program is nothing that happens, nor is that a CPU waits.
  constexpr bool happens = !std::is_same_v<E, event::OperationBegins> && !std::is_base_of_v<event::Wait, E>;
  if constexpr (happens) sched.mix(digest(cpu, event));
  tell(cpu, event);
}

}  // namespace shootdown
