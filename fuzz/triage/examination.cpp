#include "fuzz/triage/examination.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "fuzz/triage/buckets.h"

namespace shootdown {

std::string Examination::text() const {
  Document document{.program = program, .expectations = expectations};
  document.expectations.insert(document.expectations.end(), kept.begin(), kept.end());
  return print(document);
}

std::string Examination::bucket() const {
  if (!first.has_value()) return "breaks nothing";
  return fmt::format("{} breaks {}: {}", first->engine->name(), oracle_name(first->oracle), first->fact);
}

namespace {

Expectation expectation_of(const Engine& engine, OracleSet broken) {
  return {.engine = std::string(engine.name()), .breaks = name_list(broken)};
}

// Notes what comes first.
void note(std::optional<Examination::Break>& first, const Subject& subject, const Verdict& verdict) {
  const OracleSet claims = claims_of(*subject.engine);
  const OracleSet counted = subject.oracles.value_or(OracleSet::all());
  const OracleSet broken = verdict.result.broken & counted;
  const bool claimed = !(broken & claims).empty();
  if (broken.empty() || (first.has_value() && (first->claimed || !claimed))) return;
  const OracleSet among = claimed && !subject.oracles.has_value() ? claims : counted;
  const OracleId oracle = verdict.report.first(broken & among);
  first = {.engine = subject.engine,
           .among = among,
           .oracle = oracle,
           .fact = fact_of_format(verdict.report.violation(oracle).kind()),
           .claimed = claimed};
}

std::vector<Subject> subjects_of(std::span<const Engine* const> engines) {
  std::vector<Subject> subjects;
  for (const Engine* const engine : engines) subjects.push_back({.engine = engine, .oracles = {}});
  return subjects;
}

}  // namespace

bool Examination::Break::is_shown_by(const Report& report) const {
  const OracleSet broken = report.broken() & among;
  return broken.contains(oracle) && report.first(broken) == oracle &&
         fact_of_format(report.violation(oracle).kind()) == fact;
}

Examiner::Examiner(std::span<const Engine* const> engines, std::chrono::milliseconds limit)
    : Examiner(subjects_of(engines), limit) {}

Examiner::Examiner(std::vector<Subject> subjects, std::chrono::milliseconds limit)
    : subjects_(std::move(subjects)), replay_(subjects_, limit) {}

Examiner::Result Examiner::examine(const RawInput& input) {
  Examination examination;
  for (std::size_t i = 0; i < subjects_.size(); ++i) {
    const Engine& engine = *subjects_[i].engine;
    IsolatedReplay::Result result = replay_.run(i, input);
    if (auto* const error = std::get_if<InputError>(&result)) return std::move(*error);
    if (auto* const error = std::get_if<InternalError>(&result)) {
      error->message = fmt::format("{}: {}: internal error: {}", input.name(), engine.name(), error->message);
      return std::move(*error);
    }
    if (std::holds_alternative<Refusal>(result)) continue;
    const Verdict& verdict = std::get<Verdict>(result);
    examination.expectations.push_back(expectation_of(engine, verdict.result.broken));
    note(examination.first, subjects_[i], verdict);
  }
  // It has been read before without harm.
  std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
  if (auto* const error = std::get_if<InputError>(&read)) return std::move(*error);
  const Document& document = std::get<Input>(read).document;
  examination.program = document.program;
  std::ranges::copy_if(
      document.expectations, std::back_inserter(examination.kept), [this](const Expectation& expected) {
        return std::ranges::none_of(subjects_,
                                    [&](const Subject& subject) { return subject.engine->name() == expected.engine; });
      });
  return examination;
}

}  // namespace shootdown
