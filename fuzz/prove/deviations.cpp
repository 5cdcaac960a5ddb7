#include "fuzz/prove/deviations.h"

#include "engine/sched/schedule_recorder.h"

namespace shootdown {

void DeviatingSchedule::begin(int cpus) {
  now_ = Progress(now_.order);
  now_.order.begin(cpus);
}

// Whoever has just been let run makes its step.
std::uint64_t DeviatingSchedule::next_question(const Position& position) {
  now_.list_asks_at = now_.order.next_question(position);
  return position.total == now_.answered ? position.total + 1 : position.total;
}

bool DeviatingSchedule::list_is_asked() const {
  return now_.question.occasion != Question::Occasion::step || now_.list_asks_at <= now_.question.at.total;
}

Choice DeviatingSchedule::usual() const {
  if (!list_is_asked()) return run_next(now_.question.at.cpu);
  ListedSchedule order = now_.order;
  return order.choose(now_.question);
}

// At the beginning of a run nothing deviates: who is first in order is asked once more before its first step.
Choice DeviatingSchedule::choose(const Question& question) {
  if (question.occasion == Question::Occasion::begin) return now_.order.choose(question);
  now_.question = question;
  if (now_.decision >= pause_from_ && !now_.goes_on) return {.kind = Choice::Kind::pause};
  now_.goes_on = false;
  const bool deviates = now_.next < deviations_.size() && deviations_[now_.next].decision == now_.decision;
  ++now_.decision;
  const Choice choice = deviates ? follow(deviations_[now_.next++], question) : follow_list(question);
  if (choice.kind == Choice::Kind::run) now_.answered = question.at.total;
  return choice;
}

Choice DeviatingSchedule::follow_list(const Question& question) {
  return list_is_asked() ? now_.order.choose(question) : run_next(question.at.cpu);
}

Choice DeviatingSchedule::follow(const Deviation& deviation, const Question& question) {
  const Choice& choice = deviation.choice;
  if (choice.kind == Choice::Kind::run) now_.order.follow(exception_of(choice, question.at.cpu), question);
  return choice;
}

bool DeviatingSchedule::may_run(int cpu, int current) {
  now_.order.may_run(cpu, current);
  return true;
}

}  // namespace shootdown
