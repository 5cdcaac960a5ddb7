#include "engine/sched/pos.h"

#include <bit>

#include "engine/sched/races.h"

namespace shootdown {

void Pos::begin(int cpus) {
  random_ = SplitMix64(seed_);
  cpus_ = cpus;
  to_draw_ = cpus_below(cpus);
  answered_ = never;
}

// Whoever has just been let run makes its step.
std::uint64_t Pos::next_question(const Position& position) {
  return position.total == answered_ ? position.total + 1 : position.total;
}

Choice Pos::choose(const Question& question) {
  for (unsigned rest = to_draw_; rest != 0; rest &= rest - 1)
    priority_[static_cast<std::size_t>(std::countr_zero(rest))] = random_.next();
  const int chosen = highest(question.runnable);
  to_draw_ = static_cast<CpuMask>(cpu_bit(chosen) | racing(question, chosen));
  answered_ = question.at.total;
  return run_next(chosen);
}

int Pos::highest(CpuMask runnable) const {
  int best = std::countr_zero(runnable);
  for (unsigned rest = runnable; rest != 0; rest &= rest - 1) {
    const int cpu = std::countr_zero(rest);
    if (priority_[static_cast<std::size_t>(cpu)] > priority_[static_cast<std::size_t>(best)]) best = cpu;
  }
  return best;
}

// Those whose next step races with that of the one that is chosen.
CpuMask Pos::racing(const Question& question, int chosen) const {
  CpuMask racing = 0;
  const auto is_known = [&](int cpu) { return (question.interrupted & cpu_bit(cpu)) == 0; };
  if (!is_known(chosen)) return racing;
  for (int other = 0; other < cpus_; ++other) {
    if (other != chosen && is_known(other) && may_race(chosen, question.next[chosen], other, question.next[other]))
      racing = static_cast<CpuMask>(racing | cpu_bit(other));
  }
  return racing;
}

}  // namespace shootdown
