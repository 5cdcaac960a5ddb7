#include "engine/sched/random_walk.h"

#include <algorithm>
#include <span>

namespace shootdown {

void RandomWalk::begin(int cpus) {
  random_ = SplitMix64(seed_);
  cpus_ = cpus;
  ask_at_ = 0;
}

std::uint64_t RandomWalk::next_question(const Position& position) {
  return std::max(ask_at_, position.total);
}

Choice RandomWalk::choose(const Question& question) {
  constexpr std::uint64_t disturbances = 8;
  // Not behind the last operation, where no program could say it.
  const bool in_program = question.at.operation >= 0 || question.occasion == Question::Occasion::begin;
  const Choice choice = in_program && one_in(disturbances) ? disturb(question) : run_any(question);
  if (choice.kind == Choice::Kind::run) ask_at_ = question.at.total + 1 + random_.below(2 * pace_ - 1);
  return choice;
}

namespace {

// Whether an operation begins at a virtual page, by its first operand.
bool is_in_memory(const Operation& operation) {
  const std::span<const OperandKind> kinds = info_of(operation.call).operands();
  return !kinds.empty() && (kinds[0] == OperandKind::virtual_page || kinds[0] == OperandKind::virtual_range ||
                            kinds[0] == OperandKind::virtual_move);
}

}  // namespace

Choice RandomWalk::disturb(const Question& question) {
  if (one_in(3) || program_->operation_count == 0) return fail(question);
  const Operation& operation = program_->operations[random_.below(program_->operation_count)];
  if (!is_in_memory(operation)) return fail(question);
  return {.kind = one_in(2) ? Choice::Kind::evict : Choice::Kind::fill,
          .cpu = static_cast<std::uint8_t>(random_.below(static_cast<std::uint64_t>(cpus_))),
          .page = operation.operands[0].value};
}

// At the beginning nobody runs whose allocation could fail.
Choice RandomWalk::fail(const Question& question) {
  if (question.occasion == Question::Occasion::begin) return run_any(question);
  return {.kind = Choice::Kind::fail, .cpu = static_cast<std::uint8_t>(question.at.cpu)};
}

Choice RandomWalk::run_any(const Question& question) {
  constexpr std::uint64_t late_interrupts = 4;
  Choice choice = run_next(any_bit(question.runnable, random_));
  if (choice.cpu != question.at.cpu && one_in(late_interrupts))
    choice.latency = static_cast<std::uint8_t>(random_.below(max_latency + 1));
  return choice;
}

}  // namespace shootdown
