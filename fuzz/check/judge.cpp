#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "fuzz/check/parts.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/message.h"
#include "fuzz/triage/minimize.h"

namespace shootdown {

namespace {

class Shrinking {
 public:
  explicit Shrinking(const CheckSettings& settings) : settings_(settings) {}

  // A program as small as can be, in bytes. If it does not show it again, it stays as it is.
  std::string made_small(OracleId oracle, const std::vector<std::uint8_t>& program) const {
    const auto shows = [oracle](const Report& report) { return report.broken().contains(oracle); };
    Minimizer minimizer(*settings_.engine, oracle, shows, settings_.defect);
    const auto before = std::make_unique<Program>();
    decode(program, *before);
    const std::optional<Program> after = minimizer.minimized(*before);
    const std::vector<std::uint8_t> bytes = after.has_value() ? encode(*after) : program;
    return std::string(as_characters(bytes));
  }

  // What is violated in a run of such a program; nothing if it does not show it.
  std::string fact_of(OracleId oracle, std::string_view bytes) const {
    const auto program = std::make_unique<Program>();
    decode(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), *program);
    Replayer replayer(*settings_.engine, settings_.defect);
    replayer.run(*program);
    const Report report = replayer.report();
    return report.broken().contains(oracle) ? report.violation(oracle).fact() : std::string();
  }

 private:
  const CheckSettings& settings_;
};

// As the encoded program that it was made, of whose run `fact` came.
ShownBreach shown(const Breach& breach, std::string_view program_bytes, const Answer& fact) {
  ShownBreach shown{.found = breach, .program = {program_bytes.begin(), program_bytes.end()}, .fact = fact.reply};
  shown.is_repeatable = !fact.has_failed() && !fact.reply.empty();
  if (fact.has_failed()) shown.fact = "it was not run again: " + fact.failure;
  if (shown.fact.empty()) shown.fact = "not when it is run again, which must not be";
  const auto program = std::make_unique<Program>();
  decode(shown.program, *program);
  shown.operations = program->operation_count;
  shown.exceptions = program->exception_count;
  return shown;
}

// What each part has found of a guarantee.
struct Found {
  Guarantee* guarantee = nullptr;
  Breach breach;
  std::optional<ShownBreach> shown;
};

std::vector<Found> all_found(EngineChecked& checked) {
  std::vector<Found> all;
  for (Guarantee& guarantee : checked.guarantees) {
    for (Breach& breach : checked.breaches.of(guarantee.oracle))
      all.push_back({.guarantee = &guarantee, .breach = std::move(breach), .shown = {}});
  }
  return all;
}

// Of several the smallest is kept, and of those that are as small the first.
void keep(Found& found) {
  const auto size = [](const ShownBreach& breach) {
    return std::tuple(!breach.is_repeatable, breach.operations, breach.exceptions);
  };
  std::optional<ShownBreach>& kept = found.guarantee->breach;
  if (!kept.has_value() || size(*found.shown) < size(*kept)) kept = std::move(found.shown);
}

// What no process came to is kept as it was found.
void make_small(EngineChecked& checked, Crew& crew) {
  std::vector<Found> all = all_found(checked);
  const Shrinking shrinking(checked.settings);
  CrewWork work{.pieces = all.size()};
  work.serve = [&](std::string_view request) {
    const auto oracle = taken_from<OracleId>(request);
    return shrinking.fact_of(oracle, request);
  };
  work.work = [&](std::size_t piece, Isolation& isolation) {
    const OracleId oracle = all[piece].guarantee->oracle;
    const std::string program = shrinking.made_small(oracle, all[piece].breach.program);
    const Answer fact = ask(isolation, std::string(as_bytes(oracle)) + program);
    std::string result;
    append_text(result, program);
    return result + packed(fact);
  };
  work.done = [&](std::size_t piece, std::string_view result) {
    const std::string_view program = text_from(result);
    all[piece].shown = shown(all[piece].breach, program, unpacked(result));
  };
  if (!crew.work("programs made small", work)) checked.interrupted = true;
  const Answer not_run{.reply = {}, .failure = "interrupted"};
  for (Found& found : all) {
    if (!found.shown.has_value()) found.shown = shown(found.breach, as_characters(found.breach.program), not_run);
    keep(found);
  }
}

// All programs of two operations, every schedule.
bool is_proved(const EngineChecked& checked) {
  return !checked.programs.empty() && checked.programs.front().tally.is_complete();
}

std::string why_not_claimed(const Engine& engine, std::string_view oracle) {
  const auto why = std::ranges::find(engine.not_claimed(), oracle, &NotClaimed::oracle);
  return why == engine.not_claimed().end() ? std::string() : std::string(why->why);
}

}  // namespace

void judge(EngineChecked& checked, Crew& crew) {
  const CheckSettings& settings = checked.settings;
  const OracleSet judged = judged_of(*settings.engine);
  const OracleSet claimed = claims_of(*settings.engine);
  const Standing unbroken = is_proved(checked) ? Standing::proved : Standing::held;
  for (const OracleInfo& oracle : all_oracles()) {
    Guarantee guarantee{.oracle = oracle.id,
                        .claimed = claimed.contains(oracle.id),
                        .demanded = settings.demanded.contains(oracle.id),
                        .why_not_claimed = why_not_claimed(*settings.engine, oracle.name),
                        .standing = unbroken,
                        .breach = {}};
    if (!judged.contains(oracle.id)) guarantee.standing = Standing::not_judged;
    if (!checked.breaches.of(oracle.id).empty()) guarantee.standing = Standing::broken;
    checked.guarantees.push_back(std::move(guarantee));
  }
  make_small(checked, crew);
}

}  // namespace shootdown
