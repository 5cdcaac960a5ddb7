#include "engine/sched/listed_schedule.h"

#include <bit>
#include <cstddef>

namespace shootdown {

void ListedSchedule::begin(int cpus) {
  for (int cpu = 0; cpu < cpus; ++cpu) cpus_[static_cast<std::size_t>(cpu)] = {.operation = place(cpu, -1)};
  for (int i = program_->operation_count - 1; i >= 0; --i) {
    cpus_[program_->operations[static_cast<std::size_t>(i)].cpu].operation = i;
  }
  named_ = false;
  in_turn_ = true;
  reorder_ = false;
}

int ListedSchedule::operation_of(int cpu) const {
  const int operation = cpus_[static_cast<std::size_t>(cpu)].operation;
  return operation < program_->operation_count ? operation : -1;
}

// The next exception of the operation that a CPU is in; null: there is none.
const Exception* ListedSchedule::next_of(int cpu) const {
  const int number = operation_of(cpu);
  if (!with_exceptions_ || number < 0) return nullptr;
  const Operation& operation = program_->operations[static_cast<std::size_t>(number)];
  const int next = cpus_[static_cast<std::size_t>(cpu)].next_exception;
  if (next == operation.exception_count) return nullptr;
  return &program_->exceptions[static_cast<std::size_t>(operation.first_exception + next)];
}

// The next exception of a CPU happens.
void ListedSchedule::take(int cpu) {
  Cpu& state = cpus_[static_cast<std::size_t>(cpu)];
  ++state.next_exception;
  state.seen = 0;
}

namespace {

// What happens at the beginning of an operation happens when its turn has come; but who is to go on there may have come
// just to take an interrupt.
bool waits_for_turn(const Exception& exception) {
  const bool at_beginning = exception.event == Exception::steps && exception.after == 0 && exception.visit == 0;
  return at_beginning && exception.kind != Exception::Kind::keep;
}

}  // namespace

bool ListedSchedule::is_due(const Exception& exception, const Position& position) const {
  if (exception.event != Exception::steps) return cpus_[static_cast<std::size_t>(position.cpu)].seen >= exception.after;
  if (waits_for_turn(exception)) return in_turn_;
  if (exception.after != position.own) return exception.after < position.own;
  return exception.visit <= position.visit;
}

std::uint64_t ListedSchedule::next_question(const Position& position) {
  Cpu& cpu = cpus_[static_cast<std::size_t>(position.cpu)];
  const int operation = place(position.cpu, position.operation);
  if (cpu.operation != operation) {
    cpu = {.operation = operation};
    reorder_ = true;
  }
  if (reorder_) return position.total;
  const Exception* const next = next_of(position.cpu);
  if (next == nullptr) return Chooser::never;
  if (is_due(*next, position)) return position.total;
  // If it is for an event, for a later visit or for its CPU's turn, the question comes with that.
  const bool comes_later = next->event != Exception::steps || next->after <= position.own;
  return comes_later ? Chooser::never : position.total + (next->after - position.own);
}

// An exception comes before the order of the list: it says what happens at this very place.
Choice ListedSchedule::choose(const Question& question) {
  if (question.occasion == Question::Occasion::begin) return begin_with(question);
  const Exception* const next = next_of(question.at.cpu);
  if (next != nullptr && is_due(*next, question.at)) {
    take(question.at.cpu);
    return follow(*next, question);
  }
  if (question.occasion == Question::Occasion::step && !reorder_) return run_next(question.at.cpu);
  return first_in_order(question);
}

// Who is first in order may be preempted before its first step.
Choice ListedSchedule::begin_with(const Question& question) {
  const Choice first = first_in_order(question);
  const Question asked = at_first_step(question, first.cpu);
  const Exception* const next = next_of(first.cpu);
  if (next == nullptr || !is_due(*next, asked.at)) return first;
  take(first.cpu);
  return follow(*next, asked);
}

Question ListedSchedule::at_first_step(const Question& question, int cpu) const {
  Question asked = question;
  asked.occasion = Question::Occasion::step;
  asked.at = {.cpu = cpu, .operation = operation_of(cpu), .own = 0, .total = 0};
  return asked;
}

// Whose turn it is only exceptions ask; and who was named, only the end of a handler: whoever is let run next is named or not anew.
ListedSchedule::Memory ListedSchedule::memory(bool handles_interrupt) const {
  Memory memory{.operations = 0, .turn = (handles_interrupt && named_ ? 2U : 0U) | (reorder_ ? 1U : 0U)};
  for (const Cpu& cpu : cpus_) {
    memory.operations = (memory.operations + static_cast<std::uint64_t>(cpu.operation)) * 0x9E3779B97F4A7C15U;
    memory.turn = memory.turn << 1U | (cpu.suspended ? 1U : 0U);
  }
  return memory;
}

Choice ListedSchedule::follow(const Exception& exception, const Question& question) {
  switch (exception.kind) {
    case Exception::Kind::evict: return {.kind = Choice::Kind::evict, .cpu = exception.cpu, .page = exception.page};
    case Exception::Kind::fill: return {.kind = Choice::Kind::fill, .cpu = exception.cpu, .page = exception.page};
    case Exception::Kind::fail: return {.kind = Choice::Kind::fail, .cpu = static_cast<std::uint8_t>(question.at.cpu)};
    case Exception::Kind::keep:
      return question.can_run(question.at.cpu) ? run_named(run_next(question.at.cpu)) : first_in_order(question);
    case Exception::Kind::preempt: break;
  }
  return preempt(exception, question);
}

// One that does not change who runs next does nothing.
Choice ListedSchedule::preempt(const Exception& exception, const Question& question) {
  const int current = question.at.cpu;
  const int next = exception.cpu == current ? first_of(question.runnable & ~cpu_bit(current)) : exception.cpu;
  const bool waits = question.occasion != Question::Occasion::step;
  if (next < 0 || !question.can_run(next)) return waits ? first_in_order(question) : run_next(current);
  const bool runs_anyway = waits && exception.latency == 0 && next == first_of(next_in_order(question));
  if (runs_anyway) return first_in_order(question);
  cpus_[static_cast<std::size_t>(current)].suspended = true;
  cpus_[static_cast<std::size_t>(next)].suspended = false;
  return run_named({.cpu = static_cast<std::uint8_t>(next), .latency = exception.latency});
}

// Who is named runs on, whoever were next in order.
Choice ListedSchedule::run_named(Choice choice) {
  named_ = true;
  in_turn_ = true;
  reorder_ = false;
  return choice;
}

// Who was chosen just for the interrupt has no further claim to run; who was named by a preemption has.
void ListedSchedule::interrupt_taken() {
  if (!named_) reorder_ = true;
}

EventSet ListedSchedule::waits_for() const {
  EventSet kinds;
  if (!with_exceptions_) return kinds;
  for (std::size_t i = 0; i < program_->exception_count; ++i) {
    if (program_->exceptions[i].event < AllEvents::size) kinds.insert(program_->exceptions[i].event);
  }
  return kinds;
}

bool ListedSchedule::happened(const EventView& event) {
  const Exception* const next = next_of(event.cpu);
  if (next == nullptr || next->event != event.kind) return false;
  if (next->event_page != Exception::any_page && page_of(event) != next->event_page) return false;
  return ++cpus_[event.cpu].seen >= next->after;
}

bool ListedSchedule::may_run(int cpu, int current) {
  if (order(cpu) < order(current)) reorder_ = true;
  return reorder_;
}

int ListedSchedule::order(int cpu) const {
  constexpr int suspended = 2 * max_operations;
  constexpr int ending = 2 * suspended;
  const Cpu& state = cpus_[static_cast<std::size_t>(cpu)];
  const bool ends = state.operation >= program_->operation_count;
  return state.operation + (state.suspended ? suspended : 0) + (ends ? ending : 0);
}

// The CPU with the earliest place; of none: -1.
int ListedSchedule::first_of(unsigned cpus) const {
  int best = -1;
  for (; cpus != 0; cpus &= cpus - 1) {
    const int cpu = std::countr_zero(cpus);
    if (best < 0 || order(cpu) < order(best)) best = cpu;
  }
  return best;
}

// Who can take an interrupt comes before all others.
CpuMask ListedSchedule::next_in_order(const Question& question) {
  return question.interrupted != 0 ? question.interrupted : question.runnable;
}

Choice ListedSchedule::first_in_order(const Question& question) {
  reorder_ = false;
  named_ = false;
  const int first = first_of(next_in_order(question));
  // A suspended CPU that is chosen only to take an interrupt is suspended again when it has taken it.
  in_turn_ = question.interrupted == 0;
  if (in_turn_) cpus_[static_cast<std::size_t>(first)].suspended = false;
  return run_next(first);
}

}  // namespace shootdown
