#include "engine/sched/surw.h"

#include <algorithm>
#include <bit>

namespace shootdown {

namespace {

// How many of its steps touch one of these kinds of places.
std::uint32_t touching(const StepCounts::OfCpu& counts, PlaceKinds kinds) {
  std::uint32_t steps = 0;
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    if ((kinds_touched(static_cast<EventKind>(kind)) & kinds) != 0) steps += counts[kind];
  }
  return steps;
}

// Kinds of places that several CPUs touch.
PlaceKinds shared_kinds(const StepCounts& counts) {
  PlaceKinds touched = 0;
  PlaceKinds shared = 0;
  for (const StepCounts::OfCpu& cpu : counts.cpus) {
    PlaceKinds its = 0;
    for (std::size_t kind = 0; kind < cpu.size(); ++kind) {
      if (cpu[kind] != 0) its |= kinds_touched(static_cast<EventKind>(kind));
    }
    shared |= touched & its;
    touched |= its;
  }
  return shared;
}

}  // namespace

void Surw::begin(int cpus) {
  random_ = SplitMix64(seed_);
  cpus_ = cpus;
  answered_ = never;
  draw_kinds();
  turn_ = draw_turn(cpus_below(cpus));
}

// If there is none, nothing is interesting.
void Surw::draw_kinds() {
  constexpr std::uint64_t most_kinds = 3;
  interesting_ = 0;
  if (const PlaceKinds shared = shared_kinds(counts_); shared != 0) {
    for (std::uint64_t left = 1 + random_.below(most_kinds); left != 0; --left)
      interesting_ |= place_kind(any_bit(shared, random_));
  }
  std::ranges::transform(counts_.cpus, left_.begin(),
                         [&](const StepCounts::OfCpu& cpu) { return touching(cpu, interesting_); });
}

// Of these CPUs. Who is thought to have no interesting steps left may have some, if the counts are wrong; if not, its turn changes
// nothing: it makes all its other steps, and then somebody is drawn who waits.
int Surw::draw_turn(CpuMask cpus) {
  const auto weight = [&](unsigned rest) {
    return std::max(left_[static_cast<std::size_t>(std::countr_zero(rest))], 1U);
  };
  std::uint64_t all = 0;
  for (unsigned rest = cpus; rest != 0; rest &= rest - 1) all += weight(rest);
  std::uint64_t drawn = random_.below(all);
  unsigned rest = cpus;
  for (; drawn >= weight(rest); rest &= rest - 1) drawn -= weight(rest);
  return std::countr_zero(rest);
}

// Whoever has just been let run makes its step.
std::uint64_t Surw::next_question(const Position& position) {
  return position.total == answered_ ? position.total + 1 : position.total;
}

CpuMask Surw::before_interesting_steps(const Question& question) const {
  CpuMask before = 0;
  for (unsigned rest = question.runnable & ~question.interrupted; rest != 0; rest &= rest - 1) {
    const int cpu = std::countr_zero(rest);
    if ((kinds_touched(question.next[cpu].kind) & interesting_) != 0)
      before = static_cast<CpuMask>(before | cpu_bit(cpu));
  }
  return before;
}

Choice Surw::choose(const Question& question) {
  const CpuMask waiting = before_interesting_steps(question);
  auto may = static_cast<CpuMask>(question.runnable & (~waiting | cpu_bit(turn_)));
  if (may == 0) {
    turn_ = draw_turn(waiting);
    may = cpu_bit(turn_);
  }
  const bool goes_on = question.occasion == Question::Occasion::step && (may & cpu_bit(question.at.cpu)) != 0;
  const int chosen = goes_on ? question.at.cpu : any_bit(may, random_);
  if ((waiting & cpu_bit(chosen)) != 0) {
    std::uint32_t& left = left_[static_cast<std::size_t>(chosen)];
    if (left != 0) --left;
    turn_ = draw_turn(cpus_below(cpus_));
  }
  answered_ = question.at.total;
  return run_next(chosen);
}

}  // namespace shootdown
