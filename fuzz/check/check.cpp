#include "fuzz/check/check.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include "fuzz/language/codec.h"

namespace shootdown {

OracleSet judged_of(const Engine& engine) {
  return judged_with(engine.sends());
}

MachineConfig small_machine() {
  MachineConfig machine;
  machine.cpus = 2;
  machine.pages = 1;
  machine.words = 1;
  return machine;
}

// --- what breaks ---

namespace {

auto rank_of(const Breach& breach) {
  const auto program = std::make_unique<Program>();
  decode(breach.program, *program);
  const bool is_drawn = program->machine.pct_depth != 0;
  return std::tuple(is_drawn, program->operation_count + program->exception_count, breach.number);
}

}  // namespace

void Breaches::note(OracleId oracle, const Breach& breach) {
  std::optional<Breach>& kept = smallest_[static_cast<std::size_t>(oracle)][static_cast<std::size_t>(breach.part)];
  if (!kept.has_value() || rank_of(breach) < rank_of(*kept)) kept = breach;
}

void Breaches::note(OracleSet oracles, const Breach& breach) {
  for (const OracleId oracle : oracle_ids) {
    if (oracles.contains(oracle)) note(oracle, breach);
  }
}

void Breaches::note(const Breaches& others) {
  for (const OracleId oracle : oracle_ids) {
    for (const Breach& breach : others.of(oracle)) note(oracle, breach);
  }
}

std::vector<Breach> Breaches::of(OracleId oracle) const {
  std::vector<Breach> found;
  for (const CheckPart part : check_parts) {
    const auto& kept = smallest_[static_cast<std::size_t>(oracle)][static_cast<std::size_t>(part)];
    if (kept.has_value()) found.push_back(*kept);
  }
  return found;
}

OracleSet Breaches::oracles() const {
  OracleSet oracles;
  for (const OracleId oracle : oracle_ids) {
    if (!of(oracle).empty()) oracles.insert(oracle);
  }
  return oracles;
}

// --- searches ---

void SearchTally::add(const ScheduleSearch& search) {
  using Verdict = SearchOutcome::Verdict;
  const SearchOutcome& rest = search.rest;
  decided += rest.is_decided() ? 1 : 0;
  breaking += search.broken.empty() ? 0 : 1;
  states += search.states;
  omission += search.omission;
  if (rest.verdict == Verdict::holds) ++holds;
  if (rest.verdict == Verdict::holds || rest.verdict == Verdict::breaks || rest.exceptions < 0) return;
  fewest = holds_up_to == 0 ? rest.exceptions : std::min(fewest, rest.exceptions);
  most = std::max(most, rest.exceptions);
  ++holds_up_to;
}

// --- all of it ---

bool EngineChecked::has_violation() const {
  const auto is_violated = [](const Guarantee& guarantee) {
    return guarantee.demanded && guarantee.standing == Standing::broken;
  };
  const auto differs = [](const LinuxCompared& compared) { return compared.different != 0; };
  return failed != 0 || !corpus.surprises.empty() || std::ranges::any_of(guarantees, is_violated) ||
         std::ranges::any_of(linux_code, differs);
}

bool EngineChecked::is_decided() const {
  return !interrupted && !programs.empty() && programs.front().tally.is_complete();
}

}  // namespace shootdown
