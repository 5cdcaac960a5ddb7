#include "engine/sched/scheduler.h"

#include "engine/check.h"

namespace shootdown {

Scheduler::Cpu::Cpu(Scheduler& owner, int id)
    : scheduler(owner),
      number(id),
      fiber(
          [](void* argument) {
            Cpu& cpu = *static_cast<Cpu*>(argument);
            for (;;) {
              cpu.scheduler.rest();
              cpu.scheduler.client_.run_cpu(cpu.number);
              cpu.scheduler.park();
            }
          },
          this) {}

Scheduler::Scheduler(Client& client) : client_(client) {
  for (int i = 0; i < max_cpus; ++i) {
    cpus_[i] = std::make_unique<Cpu>(*this, i);
    settle(i);
  }
}

// Lets a CPU go to where it rests between runs. Where it comes from depends on the last run, and must make no
// difference to the next one: not even in which code is reached, or fuzzers take it for new.
void Scheduler::settle(int cpu) {
  current_ = cpu;
  interrupts_ = 0;
  main_.synchronise(cpus_[cpu]->fiber);
  main_.switch_to(cpus_[cpu]->fiber);
  main_.synchronise(cpus_[cpu]->fiber);
}

void Scheduler::begin_run(int cpus) {
  steps_ = 0;
  hash_ = 0;
  all_ = cpus_below(cpus);
  finished_ = 0;
  interrupts_ = 0;
  outcome_ = Outcome::completed;
  for (int i = 0; i < cpus; ++i) {
    Cpu& cpu = *cpus_[i];
    cpu.operation = -1;
    cpu.pending = {};
    cpu.guard = nullptr;
    cpu.parked = false;
    cpu.own = 0;
    cpu.since = 0;
    cpu.visited = 0;
    cpu.visit = 0;
    cpu.take_at = 0;
    cpu.interrupts_disabled = 0;
    cpu.latency = 0;
    main_.synchronise(cpu.fiber);
  }
}

// Before the first question each CPU goes to its first step, so that all who are chosen from are there.
Outcome Scheduler::run(int cpus, Chooser& chooser, std::uint64_t step_limit) {
  SHOOTDOWN_CHECK(cpus >= 1 && cpus <= max_cpus);
  chooser_ = &chooser;
  step_limit_ = step_limit;
  begin_run(cpus);
  chooser.begin(cpus);
  running_ = true;
  starting_ = true;
  for (current_ = 0; current_ < cpus; ++current_) main_.switch_to(cpus_[current_]->fiber);
  starting_ = false;
  current_ = 0;
  // What the chooser has the world do now happens between the CPUs' beginning and what they do next.
  for (int i = 0; i < cpus; ++i) main_.synchronise(cpus_[i]->fiber);
  const int first = ask(Question::Occasion::begin);
  for (int i = 0; i < cpus; ++i) main_.synchronise(cpus_[i]->fiber);
  if (first < 0) {
    outcome_ = finished_ == all_ ? Outcome::completed : Outcome::deadlock;
  } else {
    current_ = first;
    main_.switch_to(cpus_[first]->fiber);
  }

  running_ = false;
  for (int i = 0; i < cpus; ++i) {
    main_.synchronise(cpus_[i]->fiber);
    if (outcome_ != Outcome::completed) cpus_[i]->fiber.restart();
    settle(i);
  }
  return outcome_;
}

// A guard is a closure on the stack of the CPU that it belongs to, and whoever asks looks at it.
SHOOTDOWN_HARNESS bool Scheduler::can_step(const Cpu& cpu) const {
  const Unwatched unwatched;
  return !cpu.parked && (cpu.guard == nullptr || cpu.guard->holds());
}

SHOOTDOWN_HARNESS bool Scheduler::can_take_interrupt(const Cpu& cpu) const {
  return (interrupts_ & cpu_bit(cpu.number)) != 0 && cpu.interrupts_disabled == 0;
}

SHOOTDOWN_HARNESS Question Scheduler::question(Question::Occasion occasion) const {
  Question result{.occasion = occasion, .at = position(), .runnable = 0, .interrupted = 0};
  for (unsigned rest = all_; rest != 0; rest &= rest - 1) {
    const Cpu& cpu = *cpus_[__builtin_ctz(rest)];
    const bool interrupted = can_take_interrupt(cpu);
    if (!interrupted && !can_step(cpu)) continue;
    result.runnable = static_cast<CpuMask>(result.runnable | cpu_bit(cpu.number));
    if (interrupted && cpu.number != current_)
      result.interrupted = static_cast<CpuMask>(result.interrupted | cpu_bit(cpu.number));
  }
  return result;
}

SHOOTDOWN_HARNESS std::uint64_t Scheduler::own_steps(const Cpu& cpu) const {
  return cpu.own + (steps_ - cpu.since);
}

SHOOTDOWN_HARNESS Position Scheduler::position() const {
  const Cpu& cpu = *cpus_[current_];
  const std::uint64_t own = own_steps(cpu);
  return {current_, cpu.operation, own, steps_, own == cpu.visited ? cpu.visit : 0};
}

SHOOTDOWN_HARNESS void Scheduler::count_visit(Cpu& cpu) {
  const std::uint64_t own = own_steps(cpu);
  cpu.visit = own == cpu.visited ? cpu.visit + 1 : 1;
  cpu.visited = own;
}

// Asks who runs next, until the answer is a CPU; -1: none can.
SHOOTDOWN_HARNESS int Scheduler::ask(Question::Occasion occasion) {
  for (;;) {
    Choice choice{};
    {
      const Unwatched unwatched;
      const Question now = question(occasion);
      if (now.runnable == 0) return -1;
      choice = chooser_->choose(now);
      SHOOTDOWN_CHECK(choice.kind != Choice::Kind::run || now.can_run(choice.cpu));
    }
    if (choice.kind == Choice::Kind::run) {
      cpus_[choice.cpu]->latency = choice.latency;
      return choice.cpu;
    }
    disturb(choice);
    // One question for each time that it wants to be asked.
    if (occasion == Question::Occasion::step) return current_;
  }
}

// The CPU has come to its first step, or has none.
SHOOTDOWN_HARNESS void Scheduler::wait_for_start() {
  self().fiber.switch_to(main_);
  arrive();
  stop_at_ = 0;
}

// Asks the chooser until it has no more to say before the next step.
SHOOTDOWN_HARNESS void Scheduler::stop_point(StepPoint next) {
  if (starting_) {
    self().pending = next;
    wait_for_start();
  }
  for (;;) {
    if (steps_ >= step_limit_) finish(Outcome::too_many_steps);
    Cpu& cpu = self();
    if (cpu.guard != nullptr) cpu.guard->check();
    if (cpu.take_at != 0 && steps_ >= cpu.take_at) {
      cpu.take_at = 0;
      if (cpu.interrupts_disabled == 0) take_interrupts();
    }
    {
      const Unwatched unwatched;
      const std::uint64_t stop = chooser_->next_question(position());
      if (stop > steps_) {
        stop_at_ = stop < step_limit_ ? stop : step_limit_;
        if (cpu.take_at != 0 && cpu.take_at < stop_at_) stop_at_ = cpu.take_at;
        return;
      }
    }
    const bool can_go_on = can_step(cpu);
    const int chosen = ask(can_go_on ? Question::Occasion::step : Question::Occasion::blocked);
    if (chosen == current_) {
      if (!can_go_on) return;
      continue;
    }
    if (chosen < 0) return;
    cpu.pending = next;
    leave_for(chosen);
  }
}

// Lets the world around the CPUs act. Its steps are no steps of the operation at hand.
SHOOTDOWN_HARNESS void Scheduler::disturb(const Choice& choice) {
  Cpu& cpu = self();
  cpu.own = own_steps(cpu);
  stop_at_ = Chooser::never;
  client_.disturb(choice);
  cpu.since = steps_;
}

SHOOTDOWN_HARNESS void Scheduler::count_switch(const Cpu& from, const Cpu& to) {
  const unsigned left = from.pending.kind;
  const unsigned entered = to.pending.kind;
  const bool same = from.pending.subject == to.pending.subject;
  const unsigned place = (left * 1009U + entered * 31U + (same ? 1U : 0U)) % switch_counters;
  if (counters_[place] != 255) ++counters_[place];
}

SHOOTDOWN_HARNESS void Scheduler::leave_for(int next) {
  Cpu& from = self();
  from.own = own_steps(from);
  Cpu& to = *cpus_[next];
  SHOOTDOWN_CHECK((all_ & cpu_bit(next)) != 0 && (can_take_interrupt(to) || can_step(to)));
  if (counters_ != nullptr) count_switch(from, to);
  current_ = next;
  from.fiber.switch_to(to.fiber);
  arrive();
}

// The current CPU has just been switched to.
SHOOTDOWN_HARNESS void Scheduler::arrive() {
  Cpu& cpu = self();
  cpu.since = steps_;
  cpu.take_at = 0;
  if (running_ && !starting_) count_visit(cpu);
  if ((interrupts_ & cpu_bit(current_)) == 0 || cpu.interrupts_disabled != 0) return;
  if (cpu.latency != 0) {
    cpu.take_at = steps_ + cpu.latency;
  } else {
    take_interrupts();
    const Unwatched unwatched;
    chooser_->interrupt_taken();
  }
}

// Handles what is pending. Between the handler's steps other CPUs may run, as between any others.
SHOOTDOWN_HARNESS void Scheduler::take_interrupts() {
  Cpu& cpu = self();
  count_visit(cpu);
  cpu.take_at = 0;
  ++cpu.interrupts_disabled;
  Guard* const guard = cpu.guard;
  const bool parked = cpu.parked;
  cpu.guard = nullptr;
  cpu.parked = false;
  stop_at_ = 0;
  while (client_.interrupt(current_)) {
  }
  cpu.guard = guard;
  cpu.parked = parked;
  --cpu.interrupts_disabled;
  interrupts_ = static_cast<CpuMask>(interrupts_ & ~cpu_bit(current_));
  stop_at_ = 0;
}

// Lets other CPUs run until this one is picked again, because it can make its step or has an interrupt to take.
SHOOTDOWN_HARNESS void Scheduler::block() {
  if (starting_) {
    wait_for_start();
    return;
  }
  if (can_take_interrupt(self())) {
    take_interrupts();
    return;
  }
  const int next = ask(Question::Occasion::blocked);
  if (next < 0) {
    finish(finished_ == all_ ? Outcome::completed : Outcome::deadlock);
  } else {
    leave_for(next);
  }
  stop_at_ = 0;
}

// The calling CPU has nothing more to do in this run but to take interrupts; returns when the run is over.
SHOOTDOWN_HARNESS void Scheduler::park() {
  Cpu& cpu = self();
  finished_ = static_cast<CpuMask>(finished_ | cpu_bit(current_));
  cpu.parked = true;
  while (running_) block();
}

// Between runs; returns when the calling CPU is switched to in the next run.
SHOOTDOWN_HARNESS void Scheduler::rest() {
  self().fiber.switch_to(main_);
  arrive();
  stop_at_ = 0;
}

// Returns to the caller of run(). Comes back when the run is over if the outcome is `completed`, else never.
SHOOTDOWN_HARNESS void Scheduler::finish(Outcome outcome) {
  outcome_ = outcome;
  self().fiber.switch_to(main_);
}

// A CPU that could not run may be able to from now on.
SHOOTDOWN_HARNESS void Scheduler::may_run(int cpu) {
  const Unwatched unwatched;
  if (chooser_->may_run(cpu, current_)) stop_at_ = 0;
}

SHOOTDOWN_HARNESS void Scheduler::begin_guard(Guard& guard) {
  self().guard = &guard;
  guard.queue().waiting_ = static_cast<CpuMask>(guard.queue().waiting_ | cpu_bit(current_));
}

SHOOTDOWN_HARNESS void Scheduler::end_guard(const Guard& guard) {
  self().guard = nullptr;
  guard.queue().waiting_ = static_cast<CpuMask>(guard.queue().waiting_ & ~cpu_bit(current_));
}

#ifdef SHOOTDOWN_TSAN
SHOOTDOWN_HARNESS void Scheduler::step(StepPoint next) {
  if (steps_ >= stop_at_) stop_point(next);
  record();
}

SHOOTDOWN_HARNESS void Scheduler::record() {
  ++steps_;
}

SHOOTDOWN_HARNESS void Scheduler::wake(WaitQueue& queue) {
  wake_all(queue);
}
#endif

SHOOTDOWN_HARNESS void Scheduler::begin_operation(int number) {
  Cpu& cpu = self();
  cpu.operation = number;
  cpu.own = 0;
  cpu.visited = 0;
  cpu.visit = 0;
  cpu.since = steps_;
  stop_at_ = 0;
}

SHOOTDOWN_HARNESS void Scheduler::wake_all(const WaitQueue& queue) {
  for (unsigned waiting = queue.waiting_; waiting != 0; waiting &= waiting - 1) {
    const int cpu = __builtin_ctz(waiting);
    if (can_step(*cpus_[cpu])) may_run(cpu);
  }
}

SHOOTDOWN_HARNESS void Scheduler::post_interrupt(int cpu) {
  SHOOTDOWN_CHECK(!starting_);
  interrupts_ = static_cast<CpuMask>(interrupts_ | cpu_bit(cpu));
  const Cpu& target = *cpus_[cpu];
  if (target.interrupts_disabled == 0 && !can_step(target)) may_run(cpu);
}

SHOOTDOWN_HARNESS void Scheduler::disable_interrupts() {
  ++self().interrupts_disabled;
}

SHOOTDOWN_HARNESS void Scheduler::enable_interrupts() {
  Cpu& cpu = self();
  if (--cpu.interrupts_disabled != 0) return;
  if ((interrupts_ & cpu_bit(current_)) != 0 && cpu.take_at == 0) {
    take_interrupts();
  }
}

}  // namespace shootdown
