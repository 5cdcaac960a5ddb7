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
  return fmt::format("{} breaks {}: {}", first->engine, oracle_name(first->oracle), first->fact);
}

namespace {

Expectation expectation_of(const Engine& engine, OracleSet broken) {
  return {.engine = std::string(engine.name()), .breaks = name_list(broken)};
}

// Notes what comes first.
void note(std::optional<Examination::Break>& first, const Engine& engine, const Verdict& verdict) {
  const OracleSet broken = verdict.result.broken;
  const OracleSet claimed = broken & claims_of(engine);
  if (broken.empty() || (first.has_value() && (first->claimed || claimed.empty()))) return;
  const OracleId oracle = verdict.report.first(claimed.empty() ? broken : claimed);
  first = {.engine = std::string(engine.name()),
           .oracle = oracle,
           .fact = fact_of_format(verdict.report.violation(oracle).kind()),
           .claimed = !claimed.empty()};
}

}  // namespace

Examiner::Examiner(std::span<const Engine* const> engines, std::chrono::milliseconds limit)
    : replay_(subjects_, limit) {
  for (const Engine* const engine : engines) subjects_.push_back({.engine = engine, .oracles = {}});
}

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
    note(examination.first, engine, verdict);
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
