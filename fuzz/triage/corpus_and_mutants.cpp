#include "fuzz/triage/corpus_and_mutants.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "engine/check.h"
#include "engine/sched/random.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"

namespace shootdown {

namespace {

bool can_be_run(const Program& program) {
  return std::ranges::any_of(all_engines(), [&](const Engine* engine) { return engine->refusal(program).empty(); });
}

}  // namespace

std::variant<std::vector<RawInput>, InputError> load_corpus(const std::string& path) {
  std::vector<RawInput> corpus;
  std::optional<InputError> error;
  bool any_can_be_run = false;
  visit_inputs(path, [&](const std::variant<RawInput, InputError>& loaded) {
    if (const auto* const bad = std::get_if<InputError>(&loaded)) {
      error = *bad;
      return false;
    }
    const auto& raw = std::get<RawInput>(loaded);
    const std::variant<Input, InputError> read = read_input(raw.name(), raw.bytes);
    if (const auto* const unreadable = std::get_if<InputError>(&read)) {
      error = *unreadable;
      return false;
    }
    any_can_be_run = any_can_be_run || can_be_run(std::get<Input>(read).document.program);
    corpus.push_back(raw);
    return true;
  });
  if (error.has_value()) return *error;
  if (!any_can_be_run) return InputError{fmt::format("{}: no engine can run any of these programs", printable(path))};
  return corpus;
}

CorpusAndMutants::CorpusAndMutants(std::vector<RawInput> corpus) {
  for (RawInput& input : corpus) {
    const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
    SHOOTDOWN_CHECK(std::holds_alternative<Input>(read));
    const Program& program = std::get<Input>(read).document.program;
    if (!can_be_run(program)) continue;
    encoded_.push_back(encode(program));
    inputs_.push_back(std::move(input));
  }
  SHOOTDOWN_CHECK(!inputs_.empty());
}

const RawInput& CorpusAndMutants::at(std::size_t number) {
  while (inputs_.size() <= number) inputs_.push_back(mutant(inputs_.size()));
  return inputs_[number];
}

RawInput CorpusAndMutants::mutant(std::uint64_t number) const {
  SplitMix64 random(number);
  const std::vector<std::uint8_t>& original = encoded_[random.below(encoded_.size())];
  return {.path = "mutant " + std::to_string(number), .bytes = std::string(as_characters(mutant_of(original, random)))};
}

}  // namespace shootdown
