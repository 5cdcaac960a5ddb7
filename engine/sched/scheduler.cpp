#include "engine/sched/scheduler.h"

#include <algorithm>

#include "engine/check.h"

namespace shootdown {

Scheduler::Scheduler(CpuFibers& fibers, Client& client, int cpus)
    : fibers_(fibers), client_(client), all_(cpus_below(cpus)) {
  SHOOTDOWN_CHECK(cpus >= 1 && cpus <= max_cpus);
  for (int i = 0; i < max_cpus; ++i) cpus_[i].number = i;
  tally_.current = cpus_;
}

void Scheduler::synchronise_all() {
  for (unsigned rest = all_; rest != 0; rest &= rest - 1) fibers_.synchronise(__builtin_ctz(rest));
}

void Scheduler::begin(Chooser& chooser, std::uint64_t step_limit) {
  SHOOTDOWN_CHECK(!running_);
  chooser_ = &chooser;
  step_limit_ = step_limit;
  fibers_.belong_to(*this);
  synchronise_all();
  const int cpus = __builtin_popcount(all_);
  chooser.begin(cpus);
  running_ = true;
  starting_ = true;
  for (int cpu = 0; cpu < cpus; ++cpu) {
    tally_.current = &cpus_[cpu];
    fibers_.main_fiber().switch_to(fibers_.of(cpu));
  }
  starting_ = false;
  tally_.current = cpus_;
}

// What the chooser has the world do before the first step happens between the CPUs' beginning and what they do next.
bool Scheduler::proceed(std::uint64_t until) {
  SHOOTDOWN_CHECK(running_);
  tally_.pause_at = until;
  tally_.stop_at = std::min(tally_.stop_at, tally_.pause_at);
  if (!begun_ && tally_.pause_at == 0) return false;
  synchronise_all();
  int next = current();
  if (!begun_) {
    next = ask(Question::Occasion::begin);
    if (next == paused) return false;
    begun_ = true;
    synchronise_all();
  }
  if (next == nobody) {
    outcome_ = outcome_of_standstill();
  } else {
    tally_.current = &cpus_[next];
    fibers_.main_fiber().switch_to(fibers_.of(next));
    synchronise_all();
    if (paused_) return false;
  }
  end(outcome_ != Outcome::completed);
  return true;
}

// Nobody can run.
SHOOTDOWN_HARNESS Outcome Scheduler::outcome_of_standstill() const {
  return finished_ == all_ ? Outcome::completed : Outcome::deadlock;
}

void Scheduler::abandon() {
  end(true);
}

// Each CPU goes to its rest.
void Scheduler::end(bool cut_off) {
  running_ = false;
  interrupts_ = 0;
  timers_ = 0;
  for (unsigned rest = all_; rest != 0; rest &= rest - 1) {
    tally_.current = &cpus_[__builtin_ctz(rest)];
    fibers_.settle(current(), cut_off);
  }
}

SHOOTDOWN_HARNESS void Scheduler::run_on(int cpu) {
  arrive();
  tally_.stop_at = 0;
  client_.run_cpu(cpu);
  park();
}

// A guard is a closure on the stack of the CPU that it belongs to, and whoever asks looks at it.
SHOOTDOWN_HARNESS bool Scheduler::can_step(const Cpu& cpu) const {
  const Unwatched unwatched;
  return !cpu.parked && (cpu.guard == nullptr || cpu.guard->holds());
}

SHOOTDOWN_HARNESS bool Scheduler::can_take_interrupt(const Cpu& cpu) const {
  return (interrupts_ & cpu_bit(cpu.number)) != 0 && cpu.interrupts_disabled == 0;
}

// When the first timer of those that run ends.
SHOOTDOWN_HARNESS std::uint64_t Scheduler::next_timer() const {
  std::uint64_t next = Chooser::never;
  for (unsigned rest = timers_; rest != 0; rest &= rest - 1)
    next = std::min<std::uint64_t>(next, tally_.cpus[__builtin_ctz(rest)].timer);
  return next;
}

SHOOTDOWN_HARNESS void Scheduler::end_timers(std::uint64_t until) {
  for (unsigned rest = timers_; rest != 0; rest &= rest - 1) {
    const int cpu = __builtin_ctz(rest);
    if (tally_.cpus[cpu].timer > until) continue;
    timers_ = static_cast<CpuMask>(timers_ & ~cpu_bit(cpu));
    post_interrupt(cpu);
  }
}

SHOOTDOWN_HARNESS Question Scheduler::question(Question::Occasion occasion) const {
  Question result{.occasion = occasion,
                  .at = position(),
                  .runnable = 0,
                  .interrupted = 0,
                  .can_put_off = 0,
                  .next = tally_.pending};
  for (unsigned rest = all_; rest != 0; rest &= rest - 1) {
    const Cpu& cpu = cpus_[__builtin_ctz(rest)];
    const bool interrupted = can_take_interrupt(cpu);
    const bool can_go_on = can_step(cpu);
    if (!interrupted && !can_go_on) continue;
    result.runnable = static_cast<CpuMask>(result.runnable | cpu_bit(cpu.number));
    if (interrupted && can_go_on) result.can_put_off = static_cast<CpuMask>(result.can_put_off | cpu_bit(cpu.number));
    if ((interrupted || cpu.handling) && cpu.number != current())
      result.interrupted = static_cast<CpuMask>(result.interrupted | cpu_bit(cpu.number));
  }
  return result;
}

std::uint64_t Scheduler::timers() const {
  std::uint64_t digest = 0;
  for (unsigned rest = all_; rest != 0; rest &= rest - 1) {
    const int cpu = __builtin_ctz(rest);
    const CpuTally& tally = tally_.cpus[cpu];
    const bool runs = (timers_ & cpu_bit(cpu)) != 0;
    const std::uint64_t timer = runs ? tally.timer - tally_.steps : Chooser::never;
    digest = (digest + timer) * 0x9E3779B97F4A7C15U;
  }
  return digest;
}

SHOOTDOWN_HARNESS std::uint64_t Scheduler::own_steps(const Cpu& cpu) const {
  const CpuTally& tally = tally_of(cpu);
  return tally.own + (tally_.steps - tally.since);
}

SHOOTDOWN_HARNESS Position Scheduler::position() const {
  const CpuTally& tally = tally_of(self());
  const std::uint64_t own = own_steps(self());
  return {current(), tally.operation, own, tally_.steps, own == tally.visited ? tally.visit : 0};
}

SHOOTDOWN_HARNESS void Scheduler::count_visit(const Cpu& cpu) {
  CpuTally& tally = tally_of(cpu);
  const std::uint64_t own = own_steps(cpu);
  tally.visit = own == tally.visited ? tally.visit + 1 : 1;
  tally.visited = own;
}

// Asks who runs next, until the answer is a CPU; or nobody, if none can run, and none will. Before the first step the run may be
// paused.
SHOOTDOWN_HARNESS int Scheduler::ask(Question::Occasion occasion) {
  for (;;) {
    Choice choice{};
    {
      const Unwatched unwatched;
      Question now = question(occasion);
      while (now.runnable == 0) {
        if (timers_ == 0) return nobody;
        end_timers(next_timer());
        now = question(occasion);
      }
      choice = chooser_->choose(now);
      SHOOTDOWN_CHECK(choice.kind != Choice::Kind::run || now.can_run(choice.cpu));
    }
    if (choice.kind == Choice::Kind::run) {
      if (choice.cpu != current()) tally_.take_at = choice.latency == 0 ? 0 : tally_.steps + choice.latency;
      return choice.cpu;
    }
    if (choice.kind == Choice::Kind::pause) {
      if (occasion == Question::Occasion::begin) return paused;
      pause();
      continue;
    }
    disturb(choice);
    // One question for each time that it wants to be asked.
    if (occasion == Question::Occasion::step) return current();
    if (timers_ != 0) end_timers(tally_.steps);
  }
}

// The CPU has come to its first step, or has none.
SHOOTDOWN_HARNESS void Scheduler::wait_for_start() {
  fibers_.of(current()).switch_to(fibers_.main_fiber());
  arrive();
  tally_.stop_at = 0;
}

// Returns to the caller of proceed(); comes back when it is called again.
SHOOTDOWN_HARNESS void Scheduler::pause() {
  paused_ = true;
  fibers_.of(current()).switch_to(fibers_.main_fiber());
  paused_ = false;
}

// Asks the chooser until it has no more to say before the next step.
SHOOTDOWN_HARNESS void Scheduler::stop_point(StepPoint next) {
  if (starting_) {
    tally_.pending[current()] = next;
    wait_for_start();
  }
  for (;;) {
    if (tally_.steps >= step_limit_) finish(Outcome::too_many_steps);
    if (tally_.steps >= tally_.pause_at) pause();
    const Cpu& cpu = self();
    if (cpu.guard != nullptr) cpu.guard->check();
    if (timers_ != 0) end_timers(tally_.steps);
    // Who cannot make the steps that are left takes it now, whether or not somebody is asked here: as in block().
    if (tally_.take_at != 0 && (tally_.steps >= tally_.take_at || !can_step(cpu))) {
      tally_.take_at = 0;
      if (cpu.interrupts_disabled == 0) {
        take_interrupts(next);
        continue;
      }
    }
    {
      const Unwatched unwatched;
      const std::uint64_t stop = chooser_->next_question(position());
      if (stop > tally_.steps) {
        tally_.stop_at = std::min({stop, step_limit_, tally_.pause_at});
        if (tally_.take_at != 0) tally_.stop_at = std::min(tally_.stop_at, tally_.take_at);
        if (timers_ != 0) tally_.stop_at = std::min(tally_.stop_at, next_timer());
        return;
      }
    }
    tally_.pending[current()] = next;
    const bool can_go_on = can_step(cpu);
    const int chosen = ask(can_go_on ? Question::Occasion::step : Question::Occasion::blocked);
    if (chosen == current()) {
      if (!can_go_on) return;
      continue;
    }
    if (chosen == nobody) return;
    leave_for(chosen);
  }
}

// Lets the world around the CPUs act. Its steps are no steps of the operation at hand.
SHOOTDOWN_HARNESS void Scheduler::disturb(const Choice& choice) {
  CpuTally& tally = tally_of(self());
  tally.own = own_steps(self());
  tally_.stop_at = Chooser::never;
  client_.disturb(choice);
  tally.since = tally_.steps;
}

SHOOTDOWN_HARNESS void Scheduler::count_switch(const Cpu& from, const Cpu& to) {
  const StepPoint left_at = tally_.pending[from.number];
  const StepPoint entered_at = tally_.pending[to.number];
  const unsigned left = left_at.kind;
  const unsigned entered = entered_at.kind;
  const bool same = left_at.subject == entered_at.subject;
  const unsigned place = (left * 1009U + entered * 31U + (same ? 1U : 0U)) % switch_counters;
  if (counters_[place] != 255) ++counters_[place];
}

SHOOTDOWN_HARNESS void Scheduler::leave_for(int next) {
  const Cpu& from = self();
  tally_of(from).own = own_steps(from);
  const Cpu& to = cpus_[next];
  SHOOTDOWN_CHECK((all_ & cpu_bit(next)) != 0 && (can_take_interrupt(to) || can_step(to)));
  if (counters_ != nullptr) count_switch(from, to);
  tally_.current = &cpus_[next];
  fibers_.of(from.number).switch_to(fibers_.of(next));
  arrive();
}

// The current CPU has just been switched to.
SHOOTDOWN_HARNESS void Scheduler::arrive() {
  Cpu& cpu = self();
  tally_of(cpu).since = tally_.steps;
  if (cpu.handling) cpu.came_back = true;
  if (running_ && !starting_) count_visit(cpu);
  if (!can_take_interrupt(cpu)) {
    tally_.take_at = 0;
  } else if (tally_.take_at == 0) {
    cpu.came_back = true;
    take_interrupts(tally_.pending[current()]);
  }
}

// Handles what is pending, before a step or before none. Between the handler's steps other CPUs may run, as between any
// others.
SHOOTDOWN_HARNESS void Scheduler::take_interrupts(StepPoint before) {
  Cpu& cpu = self();
  count_visit(cpu);
  tally_of(cpu).interrupted = before;
  tally_.take_at = 0;
  ++cpu.interrupts_disabled;
  Guard* const guard = cpu.guard;
  const bool parked = cpu.parked;
  cpu.guard = nullptr;
  cpu.parked = false;
  cpu.handling = true;
  tally_.stop_at = 0;
  while (client_.interrupt(current())) {
  }
  cpu.handling = false;
  cpu.guard = guard;
  cpu.parked = parked;
  --cpu.interrupts_disabled;
  interrupts_ = static_cast<CpuMask>(interrupts_ & ~cpu_bit(current()));
  wake(until_taken_);
  tally_.pending[current()] = before;
  tally_.stop_at = 0;
  if (!cpu.came_back) return;
  cpu.came_back = false;
  const Unwatched unwatched;
  chooser_->interrupt_taken();
}

// Lets other CPUs run until this one is picked again, because it can make its step or has an interrupt to take.
SHOOTDOWN_HARNESS void Scheduler::block() {
  if (starting_) {
    wait_for_start();
    return;
  }
  if (timers_ != 0) end_timers(tally_.steps);
  if (can_take_interrupt(self())) {
    take_interrupts(tally_.pending[current()]);
    return;
  }
  const int next = ask(Question::Occasion::blocked);
  if (next == nobody) {
    finish(outcome_of_standstill());
  } else if (next != current()) {  // whose timer may have ended
    leave_for(next);
  }
  tally_.stop_at = 0;
}

// The calling CPU has nothing more to do in this run but to take interrupts; returns when the run is over.
SHOOTDOWN_HARNESS void Scheduler::park() {
  Cpu& cpu = self();
  finished_ = static_cast<CpuMask>(finished_ | cpu_bit(current()));
  cpu.parked = true;
  while (running_) {
    tally_.pending[cpu.number] = {};
    block();
  }
}

// Returns to the caller of proceed(). Comes back when the run is over if the outcome is `completed`, else never.
SHOOTDOWN_HARNESS void Scheduler::finish(Outcome outcome) {
  outcome_ = outcome;
  fibers_.of(current()).switch_to(fibers_.main_fiber());
}

SHOOTDOWN_HARNESS void Scheduler::stop() {
  SHOOTDOWN_CHECK(!starting_);
  finish(Outcome::stopped);
  __builtin_unreachable();
}

// A CPU that could not run may be able to from now on.
SHOOTDOWN_HARNESS void Scheduler::may_run(int cpu) {
  const Unwatched unwatched;
  if (chooser_->may_run(cpu, current())) tally_.stop_at = 0;
}

SHOOTDOWN_HARNESS void Scheduler::begin_guard(Guard& guard) {
  self().guard = &guard;
  guard.queue().waiting_ = static_cast<CpuMask>(guard.queue().waiting_ | cpu_bit(current()));
}

SHOOTDOWN_HARNESS void Scheduler::end_guard(const Guard& guard) {
  self().guard = nullptr;
  guard.queue().waiting_ = static_cast<CpuMask>(guard.queue().waiting_ & ~cpu_bit(current()));
}

#ifdef SHOOTDOWN_TSAN
SHOOTDOWN_HARNESS void Scheduler::step(StepPoint next) {
  if (tally_.steps >= tally_.stop_at) stop_point(next);
  record();
}

SHOOTDOWN_HARNESS void Scheduler::record() {
  ++tally_.steps;
}

SHOOTDOWN_HARNESS void Scheduler::wake(WaitQueue& queue) {
  wake_all(queue);
}
#endif

SHOOTDOWN_HARNESS void Scheduler::begin_operation(int number) {
  CpuTally& tally = tally_of(self());
  tally.operation = number;
  tally.own = 0;
  tally.visited = 0;
  tally.visit = 0;
  tally.since = tally_.steps;
  tally_.stop_at = 0;
}

SHOOTDOWN_HARNESS void Scheduler::wake_all(const WaitQueue& queue) {
  for (unsigned waiting = queue.waiting_; waiting != 0; waiting &= waiting - 1) {
    const int cpu = __builtin_ctz(waiting);
    if (can_step(cpus_[cpu])) may_run(cpu);
  }
}

SHOOTDOWN_HARNESS void Scheduler::post_interrupt(int cpu) {
  SHOOTDOWN_CHECK(!starting_);
  interrupts_ = static_cast<CpuMask>(interrupts_ | cpu_bit(cpu));
  const Cpu& target = cpus_[cpu];
  if (target.interrupts_disabled != 0) return;
  if (cpu == current()) {
    if (tally_.take_at == 0) tally_.take_at = tally_.steps;
    tally_.stop_at = 0;
  } else if (!can_step(target)) {
    may_run(cpu);
  }
}

SHOOTDOWN_HARNESS void Scheduler::set_timer(std::uint32_t steps) {
  SHOOTDOWN_CHECK(!timer_runs());
  if (steps == 0) return post_interrupt(current());
  timers_ = static_cast<CpuMask>(timers_ | cpu_bit(current()));
  tally_of(self()).timer = static_cast<std::uint32_t>(tally_.steps) + steps;
  tally_.stop_at = 0;
}

SHOOTDOWN_HARNESS void Scheduler::wait_for_interrupts_of_others() {
  const unsigned self = cpu_bit(current());
  wait_until({.kind = 0xFF}, until_taken_, [=, this] { return ((interrupts_ | timers_) & ~self) == 0; }, [] {});
}

SHOOTDOWN_HARNESS void Scheduler::disable_interrupts() {
  ++self().interrupts_disabled;
}

SHOOTDOWN_HARNESS void Scheduler::enable_interrupts() {
  Cpu& cpu = self();
  if (--cpu.interrupts_disabled != 0) return;
  if ((interrupts_ & cpu_bit(current())) != 0 && tally_.take_at == 0) {
    take_interrupts({});
  }
}

}  // namespace shootdown
