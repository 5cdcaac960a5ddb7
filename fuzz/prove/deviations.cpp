#include "fuzz/prove/deviations.h"

#include "engine/sched/schedule_recorder.h"

namespace shootdown {

void DeviatingSchedule::begin(int cpus) {
  now_ = Progress(now_.order_);
  now_.order_.begin(cpus);
}

// Who goes on makes its step; who comes to run is asked before.
std::uint64_t DeviatingSchedule::next_question(const Position& position) {
  now_.list_asks_at_ = now_.order_.next_question(position);
  return position.total == now_.answered_ ? position.total + 1 : position.total;
}

bool DeviatingSchedule::list_is_asked() const {
  return now_.question_.occasion != Question::Occasion::step || now_.list_asks_at_ <= now_.question_.at.total;
}

Choice DeviatingSchedule::usual() const {
  if (!list_is_asked()) return run_next(now_.question_.at.cpu);
  ListedSchedule order = now_.order_;
  return order.choose(now_.question_);
}

// Who has come to run by a preemption is not who the list asks about.
unsigned DeviatingSchedule::turn_behind(const Choice& choice) const {
  ListedSchedule order = now_.order_;
  order.follow(exception_of(choice, now_.question_.at.cpu), now_.question_);
  return order.memory(false).turn << 1U;
}

// At the beginning of a run nothing deviates: who is first in order is asked once more before its first step.
Choice DeviatingSchedule::choose(const Question& question) {
  if (question.occasion == Question::Occasion::begin) return now_.order_.choose(question);
  now_.question_ = question;
  if (now_.decision_ >= pause_from_ && !now_.goes_on_) return {.kind = Choice::Kind::pause};
  now_.goes_on_ = false;
  const bool deviates = now_.next_ < deviations_.size() && deviations_[now_.next_].decision == now_.decision_;
  ++now_.decision_;
  const Choice choice = deviates ? follow(deviations_[now_.next_++], question) : follow_list(question);
  if (choice == run_next(question.at.cpu)) now_.answered_ = question.at.total;
  return choice;
}

Choice DeviatingSchedule::follow_list(const Question& question) {
  return list_is_asked() ? now_.order_.choose(question) : run_next(question.at.cpu);
}

Choice DeviatingSchedule::follow(const Deviation& deviation, const Question& question) {
  const Choice& choice = deviation.choice;
  if (choice.kind != Choice::Kind::run) return choice;
  now_.order_.follow(exception_of(choice, question.at.cpu), question);
  now_.let_run_ = static_cast<CpuMask>(let_run() | cpu_bit(choice.cpu));
  now_.let_run_at_ = question.at.total;
  return choice;
}

bool DeviatingSchedule::may_run(int cpu, int current) {
  now_.order_.may_run(cpu, current);
  return true;
}

}  // namespace shootdown
