#include "fuzz/prove/deviations.h"

#include "engine/sched/schedule_recorder.h"

namespace shootdown {

void DeviatingSchedule::begin(int cpus) {
  order_.begin(cpus);
  next_ = 0;
  decisions_ = 0;
  goes_on_ = false;
  answered_ = never;
}

// Whoever has just been let run makes its step.
std::uint64_t DeviatingSchedule::next_question(const Position& position) {
  list_asks_at_ = order_.next_question(position);
  return position.total == answered_ ? position.total + 1 : position.total;
}

bool DeviatingSchedule::list_is_asked() const {
  return question_.occasion != Question::Occasion::step || list_asks_at_ <= question_.at.total;
}

Choice DeviatingSchedule::usual() const {
  if (!list_is_asked()) return run_next(question_.at.cpu);
  ListedSchedule order = order_;
  return order.choose(question_);
}

// At the beginning of a run nothing deviates: who is first in order is asked once more before its first step.
Choice DeviatingSchedule::choose(const Question& question) {
  if (question.occasion == Question::Occasion::begin) return order_.choose(question);
  question_ = question;
  const bool deviates = next_ < deviations_.size() && deviations_[next_].decision == decisions_;
  if (pauses_ && next_ == deviations_.size() && !goes_on_) return {.kind = Choice::Kind::pause};
  goes_on_ = false;
  ++decisions_;
  const Choice choice = deviates ? follow(deviations_[next_++], question) : follow_list(question);
  if (choice.kind == Choice::Kind::run) answered_ = question.at.total;
  return choice;
}

Choice DeviatingSchedule::follow_list(const Question& question) {
  return list_is_asked() ? order_.choose(question) : run_next(question.at.cpu);
}

Choice DeviatingSchedule::follow(const Deviation& deviation, const Question& question) {
  const Choice& choice = deviation.choice;
  if (choice.kind == Choice::Kind::run) order_.follow(exception_of(choice, question.at.cpu), question);
  return choice;
}

bool DeviatingSchedule::may_run(int cpu, int current) {
  order_.may_run(cpu, current);
  return true;
}

}  // namespace shootdown
