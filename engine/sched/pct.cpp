#include "engine/sched/pct.h"

#include <algorithm>
#include <utility>

namespace shootdown {

// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
std::uint64_t Pct::random(std::uint64_t bound) {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return (z ^ (z >> 31U)) % bound;
}

int Pct::begin(int cpus) {
  state_ = seed_;
  next_change_ = 0;
  woken_ = false;
  for (int i = 0; i < cpus; ++i) priority_[i] = depth_ + i;
  for (int i = cpus - 1; i > 0; --i) std::swap(priority_[i], priority_[random(static_cast<std::uint64_t>(i) + 1)]);
  for (int i = 0; i < depth_ - 1; ++i) change_at_[i] = 1 + random(steps_);
  std::sort(change_at_, change_at_ + depth_ - 1);
  return highest(static_cast<CpuMask>((1U << static_cast<unsigned>(cpus)) - 1U));
}

std::uint64_t Pct::next_stop(const Position& position) {
  if (woken_) return position.total;
  if (next_change_ == depth_ - 1) return never;
  return std::max(change_at_[next_change_], position.total);
}

Strategy::Decision Pct::decide(const Position& position, CpuMask runnable) {
  woken_ = false;
  if (next_change_ < depth_ - 1 && change_at_[next_change_] <= position.total) {
    priority_[position.cpu] = depth_ - 1 - next_change_;
    ++next_change_;
  }
  return {.cpu = highest(runnable)};
}

int Pct::pick(int /*current*/, CpuMask runnable) {
  woken_ = false;
  return highest(runnable);
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
