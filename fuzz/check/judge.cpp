#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/check/parts.h"
#include "fuzz/language/codec.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/message.h"
#include "fuzz/triage/minimize.h"

namespace shootdown {

namespace {

// For one engine; each guarantee is a piece.
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

ShownBreach shown(const Breach& breach, std::string_view result) {
  const auto size = taken_from<std::size_t>(result);
  const std::string_view bytes = result.substr(0, size);
  const Answer fact = unpacked(result.substr(size));
  ShownBreach shown{.found = breach, .program = {bytes.begin(), bytes.end()}, .fact = fact.reply};
  shown.is_repeatable = !fact.has_failed() && !fact.reply.empty();
  if (fact.has_failed()) shown.fact = "Shootdown fails when it is run again: " + fact.failure;
  if (shown.fact.empty()) shown.fact = "not when it is run again, which must not be";
  return shown;
}

void make_small(EngineChecked& checked, Crew& crew) {
  std::vector<Guarantee*> broken;
  for (Guarantee& guarantee : checked.guarantees) {
    if (guarantee.standing == Standing::broken) broken.push_back(&guarantee);
  }
  const Shrinking shrinking(checked.settings);
  CrewWork work{.pieces = broken.size()};
  work.serve = [&](std::string_view request) {
    const auto oracle = taken_from<OracleId>(request);
    return shrinking.fact_of(oracle, request);
  };
  work.work = [&](std::size_t piece, Isolation& isolation) {
    const OracleId oracle = broken[piece]->oracle;
    const std::string program = shrinking.made_small(oracle, checked.breaches.of(oracle)->program);
    const Answer fact = ask(isolation, std::string(as_bytes(oracle)) + program);
    return std::string(as_bytes(program.size())) + program + packed(fact);
  };
  work.done = [&](std::size_t piece, std::string_view result) {
    Guarantee& guarantee = *broken[piece];
    guarantee.breach = shown(*checked.breaches.of(guarantee.oracle), result);
  };
  if (!crew.work("programs made small", work)) checked.interrupted = true;
  for (Guarantee* const guarantee : broken) {
    const Breach& breach = *checked.breaches.of(guarantee->oracle);
    if (!guarantee->breach.has_value())
      guarantee->breach = {.found = breach, .program = breach.program, .fact = "interrupted before it was run again"};
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
    if (checked.breaches.of(oracle.id).has_value()) guarantee.standing = Standing::broken;
    checked.guarantees.push_back(std::move(guarantee));
  }
  make_small(checked, crew);
}

}  // namespace shootdown
