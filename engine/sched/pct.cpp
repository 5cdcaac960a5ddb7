#include "engine/sched/pct.h"

#include <algorithm>
#include <utility>

namespace shootdown {

int Pct::begin(int cpus) {
  SplitMix64 random(seed_);
  next_change_ = 0;
  woken_ = false;
  for (int i = 0; i < cpus; ++i) priority_[i] = depth_ + i;
  for (int i = cpus - 1; i > 0; --i)
    std::swap(priority_[i], priority_[random.below(static_cast<std::uint64_t>(i) + 1)]);
  for (int i = 0; i < depth_ - 1; ++i) change_at_[i] = 1 + random.below(steps_);
  std::sort(change_at_, change_at_ + depth_ - 1);
  return highest(cpus_below(cpus));
}

std::uint64_t Pct::next_stop(const Position& position) {
  if (woken_) return position.total;
  if (next_change_ == depth_ - 1) return never;
  return std::max(change_at_[next_change_], position.total);
}

Strategy::Decision Pct::decide(const Position& position, Candidates candidates) {
  woken_ = false;
  if (next_change_ < depth_ - 1 && change_at_[next_change_] <= position.total) {
    priority_[position.cpu] = depth_ - 1 - next_change_;
    ++next_change_;
  }
  return {.cpu = highest(candidates.runnable)};
}

int Pct::pick(int /*current*/, Candidates candidates) {
  woken_ = false;
  return highest(candidates.runnable);
}

bool Pct::preempts(int woken, int current) {
  if (priority_[woken] > priority_[current]) woken_ = true;
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
