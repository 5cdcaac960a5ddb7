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
  runnable_ = all_;
  finished_ = 0;
  interrupts_ = 0;
  outcome_ = Outcome::completed;
  for (int i = 0; i < cpus; ++i) {
    Cpu& cpu = *cpus_[i];
    cpu.operation = -1;
    cpu.pending = {};
    cpu.own = 0;
    cpu.since = 0;
    cpu.take_at = 0;
    cpu.interrupts_disabled = 0;
    cpu.handling = false;
    cpu.latency = 0;
    main_.synchronise(cpu.fiber);
  }
}

Outcome Scheduler::run(int cpus, Strategy& strategy, std::uint64_t step_limit) {
  SHOOTDOWN_CHECK(cpus >= 1 && cpus <= max_cpus);
  strategy_ = &strategy;
  step_limit_ = step_limit;
  begin_run(cpus);
  current_ = strategy.begin(cpus);
  running_ = true;
  main_.switch_to(cpus_[current_]->fiber);

  running_ = false;
  for (int i = 0; i < cpus; ++i) {
    main_.synchronise(cpus_[i]->fiber);
    if (outcome_ != Outcome::completed) cpus_[i]->fiber.restart();
    settle(i);
  }
  return outcome_;
}

SHOOTDOWN_HARNESS Strategy::Candidates Scheduler::candidates() const {
  auto interrupted = static_cast<CpuMask>(interrupts_ & runnable_);
  for (unsigned rest = interrupted; rest != 0; rest &= rest - 1) {
    const int cpu = __builtin_ctz(rest);
    const bool can_take = cpus_[cpu]->interrupts_disabled == 0 && cpu != current_;
    if (!can_take) interrupted = static_cast<CpuMask>(interrupted & ~cpu_bit(cpu));
  }
  return {.runnable = runnable_, .interrupted = interrupted};
}

// Steps of an interrupt's handler are no steps of the operation that it interrupts.
SHOOTDOWN_HARNESS std::uint64_t Scheduler::own_steps(const Cpu& cpu) const {
  return cpu.handling ? cpu.own : cpu.own + (steps_ - cpu.since);
}

SHOOTDOWN_HARNESS Strategy::Position Scheduler::position() const {
  const Cpu& cpu = *cpus_[current_];
  return {current_, cpu.operation, own_steps(cpu), steps_};
}

// Asks the strategy until it has no more to say before the next step.
SHOOTDOWN_HARNESS void Scheduler::stop_point(StepPoint next) {
  for (;;) {
    if (steps_ >= step_limit_) finish(Outcome::too_many_steps);
    Cpu& cpu = self();
    if (cpu.take_at != 0 && steps_ >= cpu.take_at) {
      cpu.take_at = 0;
      if (cpu.interrupts_disabled == 0) take_interrupts();
    }

    Strategy::Decision decision{current_};
    {
      const Unwatched unwatched;
      const Strategy::Position here = position();
      const std::uint64_t stop = strategy_->next_stop(here);
      if (stop > steps_) {
        stop_at_ = stop < step_limit_ ? stop : step_limit_;
        if (cpu.take_at != 0 && cpu.take_at < stop_at_) stop_at_ = cpu.take_at;
        return;
      }
      decision = strategy_->decide(here, candidates());
    }
    if (decision.disturbance >= 0) disturb(decision.disturbance);
    if (decision.cpu == current_) continue;
    cpu.pending = next;
    leave_for(decision.cpu, decision.latency);
  }
}

// Lets the world around the CPUs act. Its steps are no steps of the operation at hand.
SHOOTDOWN_HARNESS void Scheduler::disturb(int disturbance) {
  Cpu& cpu = self();
  cpu.own = own_steps(cpu);
  stop_at_ = Strategy::never;
  client_.disturb(disturbance);
  cpu.since = steps_;
}

SHOOTDOWN_HARNESS void Scheduler::count_switch(const Cpu& from, const Cpu& to) {
  const unsigned left = from.pending.kind;
  const unsigned entered = to.pending.kind;
  const bool same = from.pending.subject == to.pending.subject;
  const unsigned place = (left * 1009U + entered * 31U + (same ? 1U : 0U)) % switch_counters;
  if (counters_[place] != 255) ++counters_[place];
}

SHOOTDOWN_HARNESS void Scheduler::leave_for(int next, std::uint8_t latency) {
  SHOOTDOWN_CHECK((runnable_ & cpu_bit(next)) != 0);
  Cpu& from = self();
  from.own = own_steps(from);
  Cpu& to = *cpus_[next];
  to.latency = latency;
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
  if ((interrupts_ & cpu_bit(current_)) == 0 || cpu.interrupts_disabled != 0) return;
  if (cpu.latency != 0) {
    cpu.take_at = steps_ + cpu.latency;
  } else {
    take_interrupts();
    const Unwatched unwatched;
    strategy_->interrupt_taken();
  }
}

// Handles what is pending.
SHOOTDOWN_HARNESS void Scheduler::take_interrupts() {
  Cpu& cpu = self();
  cpu.own = own_steps(cpu);
  cpu.take_at = 0;
  cpu.handling = true;
  ++cpu.interrupts_disabled;
  stop_at_ = step_limit_;
  while (client_.interrupt(current_)) {
  }
  --cpu.interrupts_disabled;
  cpu.handling = false;
  cpu.since = steps_;
  interrupts_ = static_cast<CpuMask>(interrupts_ & ~cpu_bit(current_));
  stop_at_ = 0;
}

// Lets other CPUs run until this one is runnable again or has taken an interrupt.
SHOOTDOWN_HARNESS void Scheduler::block() {
  const Cpu& cpu = self();
  if ((interrupts_ & cpu_bit(current_)) != 0 && cpu.interrupts_disabled == 0) {
    take_interrupts();
    return;
  }
  runnable_ = static_cast<CpuMask>(runnable_ & ~cpu_bit(current_));
  if (runnable_ == 0) {
    finish(finished_ == all_ ? Outcome::completed : Outcome::deadlock);
  } else {
    int next = 0;
    {
      const Unwatched unwatched;
      next = strategy_->pick(current_, candidates());
    }
    leave_for(next, 0);
  }
  stop_at_ = 0;
}

// The calling CPU has nothing more to do in this run but to take interrupts; returns when the run is over.
SHOOTDOWN_HARNESS void Scheduler::park() {
  finished_ = static_cast<CpuMask>(finished_ | cpu_bit(current_));
  cpus_[current_]->operation = -1;
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

SHOOTDOWN_HARNESS void Scheduler::make_runnable(int cpu) {
  if ((runnable_ & cpu_bit(cpu)) != 0) return;
  runnable_ = static_cast<CpuMask>(runnable_ | cpu_bit(cpu));
  const Unwatched unwatched;
  if (strategy_->preempts(cpu, current_)) stop_at_ = 0;
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
  cpu.since = steps_;
  stop_at_ = 0;
}

SHOOTDOWN_HARNESS void Scheduler::wait(WaitQueue& queue, StepPoint point) {
  const CpuMask me = cpu_bit(current_);
  queue.waiting_ = static_cast<CpuMask>(queue.waiting_ | me);
  self().pending = point;
  block();
  queue.waiting_ = static_cast<CpuMask>(queue.waiting_ & ~me);
}

SHOOTDOWN_HARNESS void Scheduler::wake_all(WaitQueue& queue) {
  for (CpuMask waiting = queue.waiting_; waiting != 0; waiting = static_cast<CpuMask>(waiting & (waiting - 1))) {
    make_runnable(__builtin_ctz(waiting));
  }
  queue.waiting_ = 0;
}

SHOOTDOWN_HARNESS void Scheduler::post_interrupt(int cpu) {
  interrupts_ = static_cast<CpuMask>(interrupts_ | cpu_bit(cpu));
  if (cpus_[cpu]->interrupts_disabled == 0) make_runnable(cpu);
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
