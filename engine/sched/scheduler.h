// Runs up to eight virtual CPUs, one at a time, on fibers of their own.
//
// Code on a CPU calls step() before every action that another CPU could see;
// only there, and where a CPU waits, may another CPU come to run. A step may have
// a guard: it can be made only while a condition holds, as a lock can be taken
// only while it is free. A CPU before such a step is not runnable; it never tries
// in vain. Which one is
// the Chooser's choice. Nothing else influences a run: the same program under
// the same chooser makes the same steps, and hash() of both is the same.
//
// What the steps are, the scheduler does not ask: who makes one says which event
// it will be (StepPoint), and announces that to whom it may concern.
//
// An interrupt posted to a CPU is handled on that CPU's fiber before its next
// step (or as many steps later as the chooser said when it let the CPU run), even
// while it waits for something, and after it has ended. So is one that it posts to
// itself; for that it may set a timer.
//
// A run ends when every CPU has ended, no interrupt is pending and no timer runs. If all CPUs
// wait, the step limit is reached, or a CPU says that it cannot go on, the run is
// cut off: the fibers are restarted, without running destructors of objects on
// their stacks. The chooser
// may pause it, and so may the caller; then it rests until proceed() is called again,
// which changes nothing in it.
//
// A scheduler is for one run, and lies where what belongs to the run lies: its
// bytes and those of the CPUs' stacks are all there is to know of a run that is
// paused. No allocation. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/events/event.h"
#include "engine/program/program.h"
#include "engine/sched/chooser.h"
#include "engine/sched/cpu_fibers.h"

namespace shootdown {

// The CPUs whose next step waits for one thing. Belongs to the thing waited for; reset() it with that.
class WaitQueue {
 public:
  void reset() { waiting_ = 0; }

 private:
  friend class Scheduler;
  CpuMask waiting_ = 0;
};

class Scheduler {
 public:
  // What runs on the CPUs.
  class Client {
   public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Does all that `cpu` has to do in this run.
    virtual void run_cpu(int cpu) = 0;
    // Handles one of the interrupts that are pending on `cpu`; returns whether more are pending.
    virtual bool interrupt(int cpu) = 0;
    // Does what the hardware does by this choice, in a step that nobody can interrupt.
    virtual void disturb(const Choice& choice) = 0;

   protected:
    ~Client() = default;
  };

  // For CPUs 0 to cpus-1 (1 to max_cpus) on the first of `fibers`, which rest.
  Scheduler(CpuFibers& fibers, Client& client, int cpus);

  // Once: each CPU goes to its first step, so that all who are chosen from are there. At most `step_limit` steps will be
  // made. `chooser` must outlive the run.
  void begin(Chooser& chooser, std::uint64_t step_limit);
  // Runs the CPUs until the run is over (true); or until the chooser pauses it, or a CPU is before a step when `until`
  // steps have been made.
  bool proceed(std::uint64_t until = Chooser::never);
  // Of a run that is over.
  Outcome outcome() const { return outcome_; }
  // Cuts off a run that is not.
  void abandon();

  // Where a CPU goes from its rest; returns when it may rest again.
  void run_on(int cpu);

  // --- on a CPU's fiber ---

  // A step point: the calling CPU is about to do what `next` says.
  void step(StepPoint next);
  // A step that belongs to the one before it: nobody comes to run in between.
  void record();
  // What happened; goes into the hash.
  void mix(std::uint64_t value);
  // The calling CPU begins operation `number` of its program; its own steps are counted from here.
  void begin_operation(int number);
  // A step point whose step can be made only while `enabled()`, which depends on atomics only. `wait` is called if the
  // CPU has to wait for that. Whoever may have made it so wakes the queue.
  template <typename Enabled, typename Wait>
  void step_when(StepPoint next, WaitQueue& queue, const Enabled& enabled, const Wait& wait);
  // The same for a CPU that waits and has no step to make of it. `point` says what is waited for.
  template <typename Enabled, typename Wait>
  void wait_until(StepPoint point, WaitQueue& queue, const Enabled& enabled, const Wait& wait);
  // What CPUs of the queue wait for may be so now.
  void wake(WaitQueue& queue);
  // Waits until no other CPU has an interrupt to take, or a timer that runs.
  void wait_for_interrupts_of_others();
  // Makes `cpu` call Client::interrupt soon. The calling CPU has made a step.
  void post_interrupt(int cpu);
  // The same for the calling CPU when so many more steps have been made in the run, or nobody can make one. It has one timer.
  void set_timer(std::uint32_t steps);
  // Whether that of the calling CPU is still to come.
  SHOOTDOWN_HARNESS bool timer_runs() const { return (timers_ & cpu_bit(current())) != 0; }
  // The calling CPU cannot go on, and the run ends here.
  [[noreturn]] void stop();
  // Between these the calling CPU takes no interrupt. They nest.
  void disable_interrupts();
  void enable_interrupts();

  // The chooser wants to be asked before the running CPU's next step.
  void ask_soon() { tally_.stop_at = 0; }

  // --- after a run, or during it ---

  // Steps made in this run so far.
  std::uint64_t steps() const { return tally_.steps; }
  // Those of the CPU that runs, in the operation that it is in.
  std::uint64_t steps_of_operation() const { return own_steps(self()); }
  // The CPU that runs.
  SHOOTDOWN_HARNESS int current() const { return tally_.current->number; }
  // Steps that it makes before it takes the interrupt that it has put off; 0: it has put off none, or takes it as soon as it can.
  std::uint64_t steps_to_interrupt() const { return tally_.take_at > tally_.steps ? tally_.take_at - tally_.steps : 0; }
  // A digest of all that was mixed in in this run so far.
  std::uint64_t hash() const { return tally_.hash ^ tally_.hash >> 29U; }
  // The CPUs that have not ended; after a deadlock, those that wait.
  CpuMask unfinished() const { return static_cast<CpuMask>(all_ & ~finished_); }
  // Whether a CPU could go on now if it were chosen.
  bool can_run(int cpu) const { return can_take_interrupt(cpus_[cpu]) || can_step(cpus_[cpu]); }
  // Those of its bytes that count the steps made and say where CPUs are, and which one runs. A run goes by the others, current(),
  // steps_to_interrupt() and timers().
  std::span<const std::byte> tally() const { return std::as_bytes(std::span(&tally_, 1)); }
  // How many steps off timers are: a digest of that.
  std::uint64_t timers() const;
  // What a CPU waits for; or, where somebody is asked who runs next, is about to do.
  StepPoint waits_for(int cpu) const { return tally_.pending[cpu]; }
  // Whether it is in the handler of an interrupt; and then, what it was about to do or waited for when that came.
  bool handles_interrupt(int cpu) const { return cpus_[cpu].handling; }
  StepPoint interrupted(int cpu) const { return tally_.cpus[cpu].interrupted; }

  // Counts, in every run from now on, which pairs of actions a switch of CPUs falls between: what the one
  // CPU was about to do and what the other goes on with. `counters` (null: count nothing) has
  // switch_counters elements and is not cleared. A fuzzer takes them for coverage of interleavings.
  static constexpr std::size_t switch_counters = 2048;
  void count_switches(std::uint8_t* counters) { counters_ = counters; }

 private:
  // What must hold before a CPU can make its next step, and what is done once when it has to wait for that.
  class Guard {
   public:
    template <typename Enabled, typename Wait>
    Guard(const Enabled& enabled, WaitQueue& queue, const Wait& wait)
        : enabled_(&enabled),
          wait_(&wait),
          holds_([](const void* condition) { return (*static_cast<const Enabled*>(condition))(); }),
          begin_wait_([](const void* action) { (*static_cast<const Wait*>(action))(); }),
          queue_(queue) {}
    bool holds() const { return holds_(enabled_); }
    bool waits() const { return waits_; }
    // On the CPU itself, whenever it has come to where the guard is, and before anybody is asked: or it would depend on
    // who asks how often.
    SHOOTDOWN_HARNESS void check() {
      if (waits_ || holds()) return;
      waits_ = true;
      begin_wait_(wait_);
    }
    WaitQueue& queue() const { return queue_; }

   private:
    const void* enabled_;
    const void* wait_;
    bool (*holds_)(const void*);
    void (*begin_wait_)(const void*);
    WaitQueue& queue_;
    bool waits_ = false;
  };

  struct Cpu {
    int number = 0;
    int interrupts_disabled = 0;
    Guard* guard = nullptr;  // of its next step
    bool parked = false;     // it has ended
    bool handling = false;   // it is in the handler of an interrupt
    bool came_back = false;  // to that, or for it, from elsewhere
  };

  // Of a CPU, what is counted, and told to whoever asks.
  struct CpuTally {
    int operation = -1;
    int visit = 0;              // how often it has come back to where it was
    std::uint64_t own = 0;      // steps made in this operation before `since`
    std::uint64_t since = 0;    // value of `steps` when it came to run
    std::uint64_t visited = 0;  // value of own_steps() when it last came back to where it was
    std::uint32_t timer = 0;    // value of `steps` at which its timer ends, if that runs
    StepPoint interrupted{};    // what it is about to do, or waits for, when it has handled its interrupts
  };

  // How a run can go on depends on who runs, and on how many steps off timers and put off interrupts are; on nothing else of it.
  struct Tally {
    std::uint64_t steps = 0;
    std::uint64_t stop_at = 0;  // no question is asked before this step
    std::uint64_t pause_at = Chooser::never;
    std::uint64_t hash = 0;
    Cpu* current = nullptr;     // that runs
    std::uint64_t take_at = 0;  // value of `steps` at which it takes the interrupt that it has put off; 0: none
    CpuTally cpus[max_cpus];
    StepPoint pending[max_cpus];  // what each was about to do, or waited for, when somebody was last asked there
  };

  // In place of a CPU.
  static constexpr int nobody = -1;
  static constexpr int paused = -2;

  SHOOTDOWN_HARNESS Cpu& self() const { return *tally_.current; }
  SHOOTDOWN_HARNESS CpuTally& tally_of(const Cpu& cpu) { return tally_.cpus[cpu.number]; }
  SHOOTDOWN_HARNESS const CpuTally& tally_of(const Cpu& cpu) const { return tally_.cpus[cpu.number]; }
  std::uint64_t own_steps(const Cpu& cpu) const;
  void count_visit(const Cpu& cpu);
  Position position() const;
  bool can_step(const Cpu& cpu) const;
  bool can_take_interrupt(const Cpu& cpu) const;
  std::uint64_t next_timer() const;
  void end_timers(std::uint64_t until);
  Question question(Question::Occasion occasion) const;
  int ask(Question::Occasion occasion);
  void begin_guard(Guard& guard);
  void end_guard(const Guard& guard);
  void wait_for_start();
  void stop_point(StepPoint next);
  void count_switch(const Cpu& from, const Cpu& to);
  void block();
  void park();
  void pause();
  void leave_for(int next);
  void arrive();
  void take_interrupts(StepPoint before);
  void disturb(const Choice& choice);
  Outcome outcome_of_standstill() const;
  void finish(Outcome outcome);
  void may_run(int cpu);
  void synchronise_all();
  void end(bool cut_off);
  void wake_all(const WaitQueue& queue);

  CpuFibers& fibers_;
  Client& client_;
  Cpu cpus_[max_cpus];
  Chooser* chooser_ = nullptr;
  std::uint8_t* counters_ = nullptr;

  Tally tally_;
  bool running_ = false;   // between the start of a run and its outcome
  bool starting_ = false;  // each CPU goes to its first step
  bool begun_ = false;     // who makes the first step has been chosen
  bool paused_ = false;
  CpuMask all_ = 0;
  CpuMask finished_ = 0;
  CpuMask interrupts_ = 0;  // pending
  CpuMask timers_ = 0;      // that run
  WaitQueue until_taken_;   // who waits for interrupts of others
  std::uint64_t step_limit_ = 0;
  Outcome outcome_ = Outcome::completed;
};

SHOOTDOWN_HARNESS inline void Scheduler::mix(std::uint64_t value) {
  tally_.hash = (tally_.hash + value) * 0x9E3779B97F4A7C15U;
}

// Under TSan these are out of line: they must not be instrumented, whoever calls them.
#ifndef SHOOTDOWN_TSAN
inline void Scheduler::record() {
  ++tally_.steps;
}

inline void Scheduler::wake(WaitQueue& queue) {
  if (__builtin_expect(static_cast<int>(queue.waiting_ != 0), 0) != 0) wake_all(queue);
}

inline void Scheduler::step(StepPoint next) {
  if (__builtin_expect(static_cast<int>(tally_.steps >= tally_.stop_at), 0) != 0) stop_point(next);
  record();
}
#endif

template <typename Enabled, typename Wait>
SHOOTDOWN_HARNESS void Scheduler::step_when(StepPoint next, WaitQueue& queue, const Enabled& enabled,
                                            const Wait& wait) {
  if (tally_.steps >= tally_.stop_at || !enabled()) {
    Guard guard(enabled, queue, wait);
    begin_guard(guard);
    for (;;) {
      guard.check();
      if (tally_.steps >= tally_.stop_at) stop_point(next);
      if (enabled()) break;
      tally_.pending[current()] = next;
      if (guard.waits()) block();
    }
    end_guard(guard);
  }
  record();
}

template <typename Enabled, typename Wait>
SHOOTDOWN_HARNESS void Scheduler::wait_until(StepPoint point, WaitQueue& queue, const Enabled& enabled,
                                             const Wait& wait) {
  if (enabled()) return;
  Guard guard(enabled, queue, wait);
  begin_guard(guard);
  guard.check();
  while (!enabled()) {
    tally_.pending[current()] = {.kind = point.kind, .subject = point.subject};
    block();
  }
  end_guard(guard);
}

}  // namespace shootdown
