// Runs up to eight virtual CPUs, one at a time, on fibers of their own.
//
// Code on a CPU calls step() before every action that another CPU could see;
// only there, and where a CPU waits, may another CPU come to run. Which one is
// the Strategy's choice. Nothing else influences a run: the same program under
// the same strategy makes the same steps, and hash() of both is the same.
//
// What the steps are, the scheduler does not ask: who makes one says which event
// it will be (StepPoint), and announces that to whom it may concern.
//
// An interrupt posted to a CPU is handled on that CPU's fiber before its next
// step (or as many steps later as the strategy says), even while it waits for
// something, and after it has ended.
//
// A run ends when every CPU has ended and no interrupt is pending. If all CPUs
// wait, or the step limit is reached, the run is cut off: the fibers are
// restarted, without running destructors of objects on their stacks.
//
// No allocation after construction. Not thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/events/event.h"
#include "engine/program/program.h"
#include "engine/sched/fiber.h"
#include "engine/sched/strategy.h"

namespace shootdown {

// What a CPU is about to do: the kind of the event, and what it is about, as far as two of them can be told apart.
struct StepPoint {
  EventKind kind = 0;
  Fact subject = 0;

  bool operator==(const StepPoint&) const = default;
};

template <typename E>
constexpr StepPoint step_point(const E& event) {
  static_assert(E::is_step);
  if constexpr (requires { event.lock.number; }) {
    return {kind_of<E>, event.lock.number | event.lock.owner << 16U};
  } else if constexpr (requires { event.page.frame; }) {
    return {kind_of<E>, event.page.frame};
  } else if constexpr (requires { event.mm + event.page; }) {
    return {kind_of<E>, event.page | event.mm << 16U};
  } else if constexpr (fact_count<E> == 0) {
    return {kind_of<E>, 0};
  } else {
    return {kind_of<E>, std::bit_cast<std::array<Fact, fact_count<E>>>(event)[0]};
  }
}

// The CPUs that wait for one thing. Belongs to the thing waited for; reset() it with that.
class WaitQueue {
 public:
  void reset() { waiting_ = 0; }

 private:
  friend class Scheduler;
  CpuMask waiting_ = 0;
};

class Scheduler {
 public:
  static constexpr int max_cpus = shootdown::max_cpus;

  // What runs on the CPUs.
  class Client {
   public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    // Does all that `cpu` has to do in this run.
    virtual void run_cpu(int cpu) = 0;
    // Handles one of the interrupts that are pending on `cpu`; returns whether more are pending.
    virtual bool interrupt(int cpu) = 0;
    // Does what Strategy::Decision::disturbance asks for, in steps that nobody can interrupt.
    virtual void disturb(int disturbance) = 0;
  };

  explicit Scheduler(Client& client);

  // Runs CPUs 0 to cpus-1 (1 to max_cpus) to their end. At most `step_limit` steps are made.
  Outcome run(int cpus, Strategy& strategy, std::uint64_t step_limit);

  // --- on a CPU's fiber ---

  // A step point: the calling CPU is about to do what `next` says.
  void step(StepPoint next);
  // A step that belongs to the one before it: nobody comes to run in between.
  void record();
  // What happened; goes into the hash.
  void mix(std::uint64_t value);
  // The calling CPU begins operation `number` of its program; its own steps are counted from here.
  void begin_operation(int number);
  // Waits, in a step that record() has counted, until somebody calls wake(queue). May return early: callers re-check
  // what they wait for. Nobody runs between the caller's last look at it and the wait. `point` says what is waited for.
  void wait(WaitQueue& queue, StepPoint point);
  // Makes all CPUs of the queue runnable.
  void wake(WaitQueue& queue);
  // Makes `cpu` call Client::interrupt soon.
  void post_interrupt(int cpu);
  // Between these the calling CPU takes no interrupt. They nest.
  void disable_interrupts();
  void enable_interrupts();

  // --- after a run, or during it ---

  // Steps made in this run so far.
  std::uint64_t steps() const { return steps_; }
  // The CPU that runs.
  SHOOTDOWN_HARNESS int current() const { return current_; }
  // A digest of all that was mixed in in this run so far.
  std::uint64_t hash() const { return hash_ ^ hash_ >> 29U; }
  // The CPUs that have not ended; after a deadlock, those that wait.
  CpuMask unfinished() const { return static_cast<CpuMask>(all_ & ~finished_); }
  // What a waiting CPU waits for.
  StepPoint waits_for(int cpu) const { return cpus_[cpu]->pending; }

  // Counts, in every run from now on, which pairs of actions a switch of CPUs falls between: what the one
  // CPU was about to do and what the other goes on with. `counters` (null: count nothing) has
  // switch_counters elements and is not cleared. A fuzzer takes them for coverage of interleavings.
  static constexpr std::size_t switch_counters = 2048;
  void count_switches(std::uint8_t* counters) { counters_ = counters; }

 private:
  struct Cpu {
    Cpu(Scheduler& owner, int id);

    Scheduler& scheduler;
    int number;
    Fiber fiber;
    int operation = -1;
    std::uint64_t own = 0;      // steps made in this operation before `since`
    std::uint64_t since = 0;    // value of steps_ when it came to run
    std::uint64_t take_at = 0;  // value of steps_ at which a deferred interrupt is taken; 0: none deferred
    int interrupts_disabled = 0;
    bool handling = false;     // it is in an interrupt's handler: its own steps stand still
    std::uint8_t latency = 0;  // left over when it was switched away
    StepPoint pending{};       // while it does not run: what it is about to do, or waits for
  };

  SHOOTDOWN_HARNESS Cpu& self() { return *cpus_[current_]; }
  std::uint64_t own_steps(const Cpu& cpu) const;
  Strategy::Position position() const;
  Strategy::Candidates candidates() const;
  void stop_point(StepPoint next);
  void count_switch(const Cpu& from, const Cpu& to);
  void block();
  void park();
  void rest();
  void leave_for(int next, std::uint8_t latency);
  void arrive();
  void take_interrupts();
  void disturb(int disturbance);
  void finish(Outcome outcome);
  void make_runnable(int cpu);
  void begin_run(int cpus);
  void settle(int cpu);
  void wake_all(WaitQueue& queue);

  Client& client_;
  std::unique_ptr<Cpu> cpus_[max_cpus];
  Fiber main_;
  Strategy* strategy_ = nullptr;
  std::uint8_t* counters_ = nullptr;

  std::uint64_t steps_ = 0;
  std::uint64_t stop_at_ = 0;  // no question is asked before this step
  std::uint64_t hash_ = 0;
  int current_ = 0;
  bool running_ = false;  // between the start of a run and its outcome
  CpuMask all_ = 0;
  CpuMask runnable_ = 0;
  CpuMask finished_ = 0;
  CpuMask interrupts_ = 0;  // pending
  std::uint64_t step_limit_ = 0;
  Outcome outcome_ = Outcome::completed;
};

SHOOTDOWN_HARNESS inline void Scheduler::mix(std::uint64_t value) {
  hash_ = (hash_ + value) * 0x9E3779B97F4A7C15U;
}

// Under TSan these are out of line: they must not be instrumented, whoever calls them.
#ifndef SHOOTDOWN_TSAN
inline void Scheduler::record() {
  ++steps_;
}

inline void Scheduler::wake(WaitQueue& queue) {
  if (__builtin_expect(static_cast<int>(queue.waiting_ != 0), 0) != 0) wake_all(queue);
}

inline void Scheduler::step(StepPoint next) {
  if (__builtin_expect(static_cast<int>(steps_ >= stop_at_), 0) != 0) stop_point(next);
  record();
}
#endif

}  // namespace shootdown
