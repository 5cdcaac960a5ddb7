#include "engine/sched/schedule_recorder.h"

#include <algorithm>

#include "engine/check.h"

namespace shootdown {

namespace {

bool ends_by_itself(const Program& program, int cpu) {
  const auto operations = operations_of(program);
  return std::ranges::any_of(
      operations, [cpu](const Operation& operation) { return operation.call == Call::exit && operation.cpu == cpu; });
}

}  // namespace

bool can_record(const Program& original) {
  int ends = 0;
  for (int cpu = 0; cpu < original.machine.cpus; ++cpu) {
    if (!ends_by_itself(original, cpu)) ++ends;
  }
  return original.operation_count + ends <= max_operations;
}

Program without_schedule(const Program& original) {
  SHOOTDOWN_CHECK(can_record(original));
  Program program = original;
  drop_schedule(program);
  for (int cpu = 0; cpu < program.machine.cpus; ++cpu) {
    if (ends_by_itself(program, cpu)) continue;
    program.operations[program.operation_count++] = {.call = Call::exit, .cpu = static_cast<std::uint8_t>(cpu)};
  }
  return program;
}

ScheduleRecorder::ScheduleRecorder(const Program& original, Chooser& inner)
    : program_(without_schedule(original)), inner_(inner), order_(program_, false) {}

void ScheduleRecorder::begin(int cpus) {
  inner_.begin(cpus);
  order_.begin(cpus);
  count_ = 0;
}

std::uint64_t ScheduleRecorder::next_question(const Position& position) {
  inner_asks_at_ = inner_.next_question(position);
  return std::min(inner_asks_at_, order_.next_question(position));
}

Choice ScheduleRecorder::choose_inner(const Question& question) {
  const bool asks = question.occasion != Question::Occasion::step || inner_asks_at_ <= question.at.total;
  return asks ? inner_.choose(question) : run_next(question.at.cpu);
}

// At the beginning of a run there is no place to tie anything to but the first step of who is first in order.
Question ScheduleRecorder::place_of(const Question& question) const {
  if (question.occasion != Question::Occasion::begin) return question;
  ListedSchedule order = order_;
  return order.at_first_step(question, order.choose(question).cpu);
}

namespace {

bool moves_entry(const Exception& exception) {
  return exception.kind == Exception::Kind::evict || exception.kind == Exception::Kind::fill;
}

}  // namespace

Exception exception_of(const Choice& choice, int current) {
  switch (choice.kind) {
    case Choice::Kind::run:
      if (choice.cpu == current) return {.kind = Exception::Kind::keep};
      break;
    case Choice::Kind::pause: break;
    case Choice::Kind::evict: return {.kind = Exception::Kind::evict, .cpu = choice.cpu, .page = choice.page};
    case Choice::Kind::fill: return {.kind = Exception::Kind::fill, .cpu = choice.cpu, .page = choice.page};
    case Choice::Kind::fail: return {.kind = Exception::Kind::fail};
  }
  return {.kind = Exception::Kind::preempt, .cpu = choice.cpu, .latency = choice.latency};
}

Choice ScheduleRecorder::choose(const Question& question) {
  const Choice choice = choose_inner(question);
  if (choice.kind == Choice::Kind::pause) return choice;
  const Question place = place_of(question);
  if (choice.kind != Choice::Kind::run) {
    note(place.at, exception_of(choice, place.at.cpu));
    return choice;
  }
  const ListedSchedule before = order_;
  if (order_.choose(question) == choice) return choice;

  if (question.occasion != Question::Occasion::begin) order_ = before;
  const Exception exception = exception_of(choice, place.at.cpu);
  order_.follow(exception, place);
  note(place.at, exception);
  return choice;
}

bool ScheduleRecorder::may_run(int cpu, int current) {
  const bool inner = inner_.may_run(cpu, current);
  const bool order = order_.may_run(cpu, current);
  return inner || order;
}

void ScheduleRecorder::interrupt_taken() {
  inner_.interrupt_taken();
  order_.interrupt_taken();
}

// The list alone waits for no events.
bool ScheduleRecorder::happened(const EventView& event) {
  return inner_.happened(event);
}

void ScheduleRecorder::note(const Position& position, Exception exception) {
  // The last sync: one CPU is left, which can only go on, and allocates nothing.
  if (position.operation < 0 && !moves_entry(exception)) return;
  exception.after = static_cast<std::uint16_t>(position.own);
  exception.visit = static_cast<std::uint8_t>(position.visit);
  const bool has_place = position.operation >= 0 && position.own <= max_after && position.visit <= max_visit;
  const bool fits = count_ < notes_.size() && has_place;
  if (fits) notes_[count_] = {static_cast<std::uint16_t>(position.operation), exception};
  count_ = fits ? count_ + 1 : notes_.size() + 1;
}

// The notes come in the order of the run; a program has them by operations.
bool ScheduleRecorder::finish() {
  if (count_ > notes_.size()) return false;
  program_.exception_count = 0;
  for (std::size_t i = 0; i < program_.operation_count; ++i) {
    Operation& operation = program_.operations[i];
    operation.first_exception = program_.exception_count;
    for (std::size_t k = 0; k < count_; ++k) {
      if (notes_[k].operation == i) program_.exceptions[program_.exception_count++] = notes_[k].exception;
    }
    operation.exception_count = static_cast<std::uint16_t>(program_.exception_count - operation.first_exception);
  }
  return true;
}

}  // namespace shootdown
