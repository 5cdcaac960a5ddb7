#include "fuzz/triage/defect_search.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "engine/check.h"
#include "engine/sched/random.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"

namespace shootdown {

// --- programs ---

DefectPrograms::DefectPrograms(std::vector<RawInput> corpus) {
  for (RawInput& input : corpus) {
    const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
    SHOOTDOWN_CHECK(std::holds_alternative<Input>(read));
    const Program& program = std::get<Input>(read).document.program;
    const auto can_run = [&](const Engine* engine) { return engine->refusal(program).empty(); };
    if (std::ranges::none_of(all_engines(), can_run)) continue;
    encoded_.push_back(encode(program));
    inputs_.push_back(std::move(input));
  }
  SHOOTDOWN_CHECK(!inputs_.empty());
}

const RawInput& DefectPrograms::at(std::size_t number) {
  while (inputs_.size() <= number) inputs_.push_back(mutant(inputs_.size()));
  return inputs_[number];
}

RawInput DefectPrograms::mutant(std::uint64_t number) const {
  SplitMix64 random(number);
  const std::vector<std::uint8_t>& original = encoded_[random.below(encoded_.size())];
  return {.path = "mutant " + std::to_string(number), .bytes = std::string(as_characters(mutant_of(original, random)))};
}

// --- the search ---

namespace {

class Search {
 public:
  Search(const DefectInfo& defect, std::span<const Engine* const> engines) : replay_(subjects_, run_limit) {
    const bool everywhere = defect.engine == any_engine || defect.engine == no_engine;
    for (const Engine* const engine : engines) {
      if (!everywhere && engine->name() != defect.engine) continue;
      subjects_.push_back({.engine = engine, .oracles = {}, .defect = defect.id});
      subjects_.push_back({.engine = engine, .oracles = {}});
    }
    SHOOTDOWN_CHECK(!subjects_.empty());
  }

  DefectSearch run(DefectPrograms& programs, std::size_t limit) {
    for (std::size_t number = 0; !found_.caught.has_value(); ++number) {
      for (std::size_t i = 0; i < subjects_.size() && !found_.caught.has_value(); i += 2) {
        if (found_.runs == limit) return std::move(found_);
        ++found_.runs;
        try_on(i, programs.at(number));
      }
    }
    return std::move(found_);
  }

 private:
  static constexpr std::chrono::seconds run_limit{10};

  // The subject with the mistake; the one behind it makes none.
  void try_on(std::size_t subject, const RawInput& input) {
    const std::optional<Verdict> mistaken = verdict_on(subject, input);
    if (!mistaken.has_value()) return;
    OracleSet broken = mistaken->result.broken & claims_of(*subjects_[subject].engine);
    if (broken.empty()) return;
    const std::optional<Verdict> right = verdict_on(subject + 1, input);
    if (!right.has_value()) return;
    broken = broken - right->result.broken;
    if (broken.empty()) return;
    found_.caught =
        Catch{.engine = subjects_[subject].engine, .oracle = mistaken->report.first(broken), .input = input};
  }

  std::optional<Verdict> verdict_on(std::size_t subject, const RawInput& input) {
    const IsolatedReplay::Result result = replay_.run(subject, input);
    if (const auto* const verdict = std::get_if<Verdict>(&result)) return *verdict;
    if (const auto* const error = std::get_if<InternalError>(&result); error != nullptr && found_.failures++ == 0)
      found_.failed = error->message;
    return std::nullopt;
  }

  std::vector<Subject> subjects_;  // two for each engine
  IsolatedReplay replay_;
  DefectSearch found_;
};

}  // namespace

DefectSearch search_for(const DefectInfo& defect, DefectPrograms& programs, std::size_t limit,
                        std::span<const Engine* const> engines) {
  return Search(defect, engines).run(programs, limit);
}

}  // namespace shootdown
