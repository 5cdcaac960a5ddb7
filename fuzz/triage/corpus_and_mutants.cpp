#include "fuzz/triage/corpus_and_mutants.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "engine/check.h"
#include "engine/sched/random.h"
#include "engine/zap/engines.h"
#include "fuzz/language/arrangement.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"

namespace shootdown {

namespace {

// Adds the program of an input, if one of the engines can run it; or says what is wrong.
std::optional<InputError> add_program(const RawInput& input, std::span<const Engine* const> engines,
                                      std::vector<CorpusProgram>& programs) {
  const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
  if (const auto* const error = std::get_if<InputError>(&read)) return *error;
  const Program& program = std::get<Input>(read).document.program;
  const auto can_run = [&](const Engine* engine) { return engine->refusal(program).empty(); };
  if (std::ranges::any_of(engines, can_run)) programs.push_back({input.name(), encode(program)});
  return std::nullopt;
}

std::vector<std::size_t> all_numbers(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

}  // namespace

std::variant<std::vector<CorpusProgram>, InputError> load_programs(const std::string& path,
                                                                   std::span<const Engine* const> engines) {
  std::vector<CorpusProgram> programs;
  std::optional<InputError> error;
  visit_inputs(path, [&](const std::variant<RawInput, InputError>& loaded) {
    const auto* const bad = std::get_if<InputError>(&loaded);
    error = bad != nullptr ? std::optional(*bad) : add_program(std::get<RawInput>(loaded), engines, programs);
    return !error.has_value();
  });
  if (error.has_value()) return *error;
  return programs;
}

CorpusAndMutants::CorpusAndMutants(const std::vector<CorpusProgram>& corpus, std::vector<std::size_t> chosen,
                                   std::uint64_t seed)
    : corpus_(corpus), chosen_(std::move(chosen)), seed_(seed) {}

CorpusAndMutants::CorpusAndMutants(const std::vector<CorpusProgram>& corpus, std::uint64_t seed)
    : CorpusAndMutants(corpus, all_numbers(corpus.size()), seed) {}

void CorpusAndMutants::get(std::size_t number, Program& program) const {
  if (number < chosen_.size()) return decode(corpus_[chosen_[number]].encoded, program);
  SplitMix64 random(seed_ << 32U | number);
  const std::span<const Kept> kept = kept_before(number);
  if (chosen_.empty() && (kept.empty() || random.below(2) == 0)) return decode(mutant_of({}, random), program);
  const std::uint64_t way = random.below(6);
  if (way >= 2) {
    constexpr std::size_t in_a_row = 12;
    const Arranged& arranged = this->arranged(number / in_a_row * in_a_row);
    program = arranged.program;
    return draw_schedule(program, arranged.points, random);
  }
  decode(mutant_of(any(kept, random), random), program);
  if (way == 1) draw_schedule(program, random);
}

void CorpusAndMutants::keep(std::size_t number, std::vector<std::uint8_t> encoded) {
  SHOOTDOWN_CHECK(kept_.empty() || kept_.back().number <= number);
  kept_.push_back({number, std::move(encoded)});
}

std::span<const CorpusAndMutants::Kept> CorpusAndMutants::kept_before(std::size_t number) const {
  return {kept_.begin(), std::ranges::lower_bound(kept_, number, {}, &Kept::number)};
}

// Of what was kept more often that which was kept last: it has been gone on with least.
const std::vector<std::uint8_t>& CorpusAndMutants::any(std::span<const Kept> kept, SplitMix64& random) const {
  static const std::vector<std::uint8_t> nothing;
  if (!kept.empty() && (chosen_.empty() || random.below(2) == 0)) {
    constexpr std::size_t last = 64;
    if (random.below(2) == 0) kept = kept.last(std::min(last, kept.size()));
    return kept[random.below(kept.size())].encoded;
  }
  return chosen_.empty() ? nothing : corpus_[chosen_[random.below(chosen_.size())]].encoded;
}

const CorpusAndMutants::Arranged& CorpusAndMutants::arranged(std::size_t number) const {
  if (arranged_->number == number) return *arranged_;
  SplitMix64 random(~(seed_ << 32U | number));
  const std::span<const Kept> kept = kept_before(number);
  const std::vector<std::uint8_t>& original = any(kept, random);
  arrange(original, any(kept, random), random, arranged_->program);
  if (conflicts_ == nullptr) conflicts_ = std::make_unique<ConflictFinder>(*model_engines().front());
  const bool can_run = conflicts_->engine().refusal(arranged_->program).empty();
  arranged_->points = can_run ? conflicts_->points_of(arranged_->program) : std::vector<ConflictPoint>();
  arranged_->number = number;
  return *arranged_;
}

std::vector<std::uint8_t> CorpusAndMutants::encoded(std::size_t number) const {
  if (number < chosen_.size()) return corpus_[chosen_[number]].encoded;
  const auto program = std::make_unique<Program>();
  get(number, *program);
  return encode(*program);
}

std::string CorpusAndMutants::name(std::size_t number) const {
  if (number < chosen_.size()) return corpus_[chosen_[number]].name;
  return fmt::format("mutant {} of seed {}", number, seed_);
}

}  // namespace shootdown
