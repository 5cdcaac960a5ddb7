#include "engine/sched/input_schedule.h"

namespace shootdown {

int InputSchedule::begin(int cpus) {
  for (int cpu = 0; cpu < cpus; ++cpu) cpus_[cpu] = {.operation = place(cpu, -1)};
  for (int i = program_.operation_count - 1; i >= 0; --i) {
    cpus_[program_.operations[static_cast<std::size_t>(i)].cpu].operation = i;
  }
  choose_ = false;
  return choose({.runnable = cpus_below(cpus), .interrupted = 0});
}

std::uint64_t InputSchedule::next_stop(const Position& position) {
  Cpu& cpu = cpus_[position.cpu];
  const int operation = place(position.cpu, position.operation);
  if (cpu.operation != operation) {
    cpu = {.operation = operation};
    choose_ = true;
  }
  if (choose_) return position.total;
  if (position.operation < 0) return never;
  const Operation& current = program_.operations[static_cast<std::size_t>(position.operation)];
  if (cpu.next_exception == current.exception_count) return never;
  const Exception& exception =
      program_.exceptions[static_cast<std::size_t>(current.first_exception + cpu.next_exception)];
  return exception.after <= position.own ? position.total : position.total + (exception.after - position.own);
}

Strategy::Decision InputSchedule::decide(const Position& position, Candidates candidates) {
  named_ = false;
  if (choose_) {
    choose_ = false;
    return {.cpu = choose(candidates)};
  }
  const Operation& operation = program_.operations[static_cast<std::size_t>(position.operation)];
  const int index = operation.first_exception + cpus_[position.cpu].next_exception++;
  const Exception& exception = program_.exceptions[static_cast<std::size_t>(index)];
  if (exception.kind != Exception::Kind::preempt) return {.cpu = position.cpu, .disturbance = index};
  return preempt(exception, position.cpu, candidates);
}

Strategy::Decision InputSchedule::preempt(const Exception& exception, int current, Candidates candidates) {
  const bool can_run = (candidates.runnable >> exception.cpu & 1U) != 0;
  if (!can_run) return {.cpu = current};
  cpus_[current].suspended = true;
  if (exception.cpu == current) return {.cpu = choose(candidates)};
  cpus_[exception.cpu].suspended = false;
  named_ = true;
  return {.cpu = exception.cpu, .latency = exception.latency};
}

int InputSchedule::pick(int /*current*/, Candidates candidates) {
  choose_ = false;
  named_ = false;
  return choose(candidates);
}

// Who was chosen just for the interrupt has no further claim to run; who was named by a preemption has.
void InputSchedule::interrupt_taken() {
  if (!named_) choose_ = true;
}

bool InputSchedule::preempts(int woken, int current) {
  if (order(woken) < order(current)) choose_ = true;
  return choose_;
}

int InputSchedule::order(int cpu) const {
  constexpr int suspended = 2 * max_operations;
  constexpr int ending = 2 * suspended;
  const Cpu& state = cpus_[cpu];
  const bool ends = state.operation >= program_.operation_count;
  return state.operation + (state.suspended ? suspended : 0) + (ends ? ending : 0);
}

int InputSchedule::choose(Candidates candidates) {
  const CpuMask set = candidates.interrupted != 0 ? candidates.interrupted : candidates.runnable;
  int best = -1;
  int best_order = 0;
  for (unsigned rest = set; rest != 0; rest &= rest - 1) {
    const int cpu = __builtin_ctz(rest);
    const int its_order = order(cpu);
    if (best >= 0 && its_order >= best_order) continue;
    best = cpu;
    best_order = its_order;
  }
  // Who only takes an interrupt stays suspended.
  if (candidates.interrupted == 0) cpus_[best].suspended = false;
  return best;
}

}  // namespace shootdown
