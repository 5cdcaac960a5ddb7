#include "fuzz/scoreboard/scoreboard.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/language/codec.h"
#include "fuzz/scoreboard/workers.h"
#include "fuzz/triage/message.h"

namespace shootdown {

// --- what is counted ---

namespace {

template <typename Condition>
std::size_t count_of(const std::vector<SearchResult>& trials, const Condition& condition) {
  return static_cast<std::size_t>(std::ranges::count_if(trials, condition, &SearchResult::counts));
}

template <typename Measure>
Quartiles quartiles_of(const std::vector<SearchResult>& trials, const Measure& measure) {
  std::vector<double> values;
  values.reserve(trials.size());
  for (const SearchResult& trial : trials) values.push_back(trial.counts.detected ? measure(trial.counts) : given_up);
  return quartiles(std::move(values));
}

}  // namespace

std::size_t Score::reached() const {
  return count_of(trials, [](const SearchCounts& counts) { return counts.reached != 0; });
}

std::size_t Score::triggered() const {
  return count_of(trials, [](const SearchCounts& counts) { return counts.triggered != 0; });
}

std::size_t Score::detected() const {
  return count_of(trials, [](const SearchCounts& counts) { return static_cast<bool>(counts.detected); });
}

Quartiles Score::runs() const {
  return quartiles_of(trials, [](const SearchCounts& counts) { return static_cast<double>(counts.runs); });
}

Quartiles Score::cpu_milliseconds() const {
  return quartiles_of(trials, [](const SearchCounts& counts) { return static_cast<double>(counts.cpu_time) / 1e6; });
}

double Scoreboard::share() const {
  std::size_t made = 0;
  std::size_t detected = 0;
  for (const Score& score : scores) {
    if (!score.detectable()) continue;
    made += score.trials.size();
    detected += score.detected();
  }
  return made == 0 ? 1 : static_cast<double>(detected) / static_cast<double>(made);
}

std::vector<const Score*> Scoreboard::unexpected() const {
  std::vector<const Score*> found;
  for (const Score& score : scores) {
    if (!score.detectable() && (score.detected() != 0 || !score.left_out.empty())) found.push_back(&score);
  }
  return found;
}

namespace {

template <typename Visit>
void each_trial(const Scoreboard& board, const Visit& visit) {
  for (const Score& score : board.scores) std::ranges::for_each(score.trials, visit);
  std::ranges::for_each(board.without.trials, visit);
}

}  // namespace

std::uint64_t Scoreboard::runs_without() const {
  std::uint64_t sum = 0;
  each_trial(*this, [&](const SearchResult& trial) { sum += trial.counts.runs_without; });
  return sum;
}

std::uint64_t Scoreboard::false_alarms() const {
  std::uint64_t sum = 0;
  each_trial(*this, [&](const SearchResult& trial) { sum += trial.counts.false_alarms; });
  return sum;
}

std::size_t Scoreboard::whole_seeds() const {
  std::size_t least = without.trials.size();
  for (const Score& score : scores) least = std::min(least, score.trials.size());
  return least;
}

std::size_t Scoreboard::detected_within(std::uint64_t runs, std::size_t seed) const {
  return static_cast<std::size_t>(std::ranges::count_if(scores, [&](const Score& score) {
    const SearchCounts& counts = score.trials[seed - 1].counts;
    return score.detectable() && counts.detected && counts.runs <= runs;
  }));
}

// --- trials ---

CorpusAndMutants programs_of(const ScoreboardSettings& settings, const Score& score, std::uint64_t seed) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < settings.corpus.size(); ++i) {
    if (std::ranges::find(score.left_out, i) == score.left_out.end()) chosen.push_back(i);
  }
  return {settings.corpus, std::move(chosen), seed};
}

namespace {

// --- what came of a trial, on its way from process to process ---

std::string packed(const SearchResult& result) {
  std::string bytes(as_bytes(result.counts));
  bytes += as_bytes(result.failures);
  append_text(bytes, as_characters(result.false_alarm));
  return bytes + result.failed;
}

SearchResult unpacked(std::string_view bytes) {
  SearchResult result;
  result.counts = taken_from<SearchCounts>(bytes);
  result.failures = taken_from<std::uint64_t>(bytes);
  const std::string_view false_alarm = text_from(bytes);
  result.false_alarm.assign(false_alarm.begin(), false_alarm.end());
  result.failed = bytes;
  return result;
}

class Work {
 public:
  Work(const ScoreboardSettings& settings, const HeldSignals& signals) : settings_(settings), signals_(signals) {
    for (const DefectInfo& defect : settings.defects)
      board_.scores.push_back({.defect = defect, .engines = engines_for(defect)});
    const std::span<const Engine* const> engines = model_engines();
    board_.without = {.defect = {}, .engines = {engines.begin(), engines.end()}};
  }

  Scoreboard do_all(const ScoreboardProgress& progress) {
    board_.complete = look_for_stories() && make_trials(progress);
    return std::move(board_);
  }

 private:
  bool look_for_stories() {
    const auto work = [&](std::size_t piece) {
      std::string numbers;
      for (const std::size_t number : exposing(board_.scores[piece].defect, settings_.corpus))
        numbers += as_bytes(number);
      return numbers;
    };
    const auto done = [&](std::size_t piece, std::string_view numbers) {
      while (!numbers.empty()) board_.scores[piece].left_out.push_back(taken_from<std::size_t>(numbers));
    };
    return do_work({.pieces = board_.scores.size(), .processes = settings_.processes, .work = work, .done = done},
                   signals_);
  }

  // Those of a seed, the one without a defect behind all others; then those of the next.
  bool make_trials(const ScoreboardProgress& progress) {
    const std::size_t of_a_seed = board_.scores.size() + 1;
    const std::size_t all = of_a_seed * settings_.seeds;
    std::vector<std::optional<SearchResult>> results(all);
    std::size_t made = 0;
    const auto work = [&](std::size_t piece) {
      const SearchResult result = search(score_of(piece % of_a_seed), piece / of_a_seed + 1);
      return packed(result);
    };
    const auto done = [&](std::size_t piece, std::string_view bytes) {
      results[piece] = unpacked(bytes);
      progress(++made, all);
    };
    const bool complete =
        do_work({.pieces = all, .processes = settings_.processes, .work = work, .done = done}, signals_);
    for (std::size_t piece = 0; piece < all; ++piece)
      keep(score_of(piece % of_a_seed), piece / of_a_seed, results[piece]);
    return complete;
  }

  // If that of a seed is missing, so are those of later ones.
  static void keep(Score& score, std::size_t seeds_before, std::optional<SearchResult>& result) {
    if (result.has_value() && score.trials.size() == seeds_before) score.trials.push_back(std::move(*result));
  }

  Score& score_of(std::size_t number) { return number < board_.scores.size() ? board_.scores[number] : board_.without; }

  SearchResult search(const Score& score, std::uint64_t seed) const {
    CorpusAndMutants programs = programs_of(settings_, score, seed);
    if (settings_.libfuzzer.has_value())
      return search_by_libfuzzer(*settings_.libfuzzer, score.defect.id, score.engines, programs, seed, settings_.runs,
                                 signals_);
    return DefectSearch(score.defect.id, score.engines, std::move(programs)).run(settings_.runs);
  }

  const ScoreboardSettings& settings_;
  const HeldSignals& signals_;
  Scoreboard board_;
};

}  // namespace

Scoreboard keep_score(const ScoreboardSettings& settings, const HeldSignals& signals,
                      const ScoreboardProgress& progress) {
  return Work(settings, signals).do_all(progress);
}

}  // namespace shootdown
