#include "fuzz/check/schedule_search.h"

#include <cstdint>

#include "fuzz/language/codec.h"
#include "fuzz/triage/message.h"

namespace shootdown {

namespace {

// Returns what it has come to.
Explorer::State search_until(Explorer& explorer, CheckClock::time_point end) {
  constexpr std::uint64_t at_once = 256;
  Explorer::State state = Explorer::State::goes_on;
  while (state == Explorer::State::goes_on && CheckClock::now() < end) state = explorer.search(at_once);
  return state;
}

}  // namespace

ScheduleSearch search_schedules(const CheckSettings& settings, const Program& program, std::optional<int> exceptions,
                                CheckClock::time_point end) {
  ExplorerSettings how{.freedoms = settings.freedoms,
                       .oracles = judged_of(*settings.engine),
                       .defect = settings.defect,
                       .memory = settings.memory};
  if (exceptions.has_value()) how.exceptions = *exceptions;
  ScheduleSearch search;
  while (!how.oracles.empty()) {
    Explorer explorer(*settings.engine, program, how);
    const Explorer::State state = search_until(explorer, end);
    search.rest = result_of(explorer, state);
    search.states += explorer.states();
    search.omission += VisitedStates::omission(static_cast<double>(explorer.digests()));
    if (state != Explorer::State::broken) break;
    search.broken.push_back({.oracles = explorer.broken(), .program = encode(explorer.counterexample())});
    how.oracles = how.oracles - explorer.broken();
  }
  return search;
}

ScheduleSearch no_search() {
  return {.broken = {}, .rest = {.verdict = SearchOutcome::Verdict::no_time, .exceptions = -1}};
}

std::string packed(const ScheduleSearch& search) {
  std::string bytes(as_bytes(search.rest));
  bytes += as_bytes(search.states);
  bytes += as_bytes(search.omission);
  for (const ScheduleSearch::Broken& broken : search.broken) {
    bytes += as_bytes(broken.oracles);
    append_text(bytes, as_characters(broken.program));
  }
  return bytes;
}

ScheduleSearch unpacked_search(std::string_view bytes) {
  ScheduleSearch search;
  search.rest = taken_from<SearchOutcome>(bytes);
  search.states = taken_from<std::uint64_t>(bytes);
  search.omission = taken_from<double>(bytes);
  while (!bytes.empty()) {
    const auto oracles = taken_from<OracleSet>(bytes);
    const std::string_view program = text_from(bytes);
    search.broken.push_back({.oracles = oracles, .program = {program.begin(), program.end()}});
  }
  return search;
}

}  // namespace shootdown
