#include "engine/sched/pct.h"

#include <algorithm>
#include <utility>

namespace shootdown {

void Pct::begin(int cpus) {
  random_ = SplitMix64(seed_);
  woken_ = false;
  for (int i = 0; i < cpus; ++i) priority_[i] = depth_ + i;
  for (int i = cpus - 1; i > 0; --i)
    std::swap(priority_[i], priority_[random_.below(static_cast<std::uint64_t>(i) + 1)]);
  for (int i = 0; i < depth_ - 1; ++i) change_at_[i] = 1 + random_.below(steps_);
  std::sort(change_at_, change_at_ + depth_ - 1);
  next_change(0);
}

void Pct::next_change(int number) {
  next_change_ = number;
  fails_ = random_.below(4) == 0;
}

std::uint64_t Pct::next_question(const Position& position) {
  if (woken_) return position.total;
  if (next_change_ == depth_ - 1) return never;
  return std::max(change_at_[next_change_], position.total);
}

Choice Pct::choose(const Question& question) {
  woken_ = false;
  const bool changes = question.occasion == Question::Occasion::step && next_change_ < depth_ - 1 &&
                       change_at_[next_change_] <= question.at.total;
  if (changes && std::exchange(fails_, false))
    return {.kind = Choice::Kind::fail, .cpu = static_cast<std::uint8_t>(question.at.cpu)};
  if (changes) {
    priority_[question.at.cpu] = depth_ - 1 - next_change_;
    next_change(next_change_ + 1);
  }
  return run_next(highest(question.runnable));
}

bool Pct::may_run(int cpu, int current) {
  if (priority_[cpu] > priority_[current]) woken_ = true;
  return woken_;
}

int Pct::highest(CpuMask runnable) const {
  int best = -1;
  for (unsigned rest = runnable; rest != 0; rest &= rest - 1) {
    const int cpu = __builtin_ctz(rest);
    if (best < 0 || priority_[cpu] > priority_[best]) best = cpu;
  }
  return best;
}

}  // namespace shootdown
