#include "fuzz/scoreboard/score_json.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "fuzz/scoreboard/score_words.h"

namespace shootdown {

namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

// The number of a run; 0 is none.
Json run_or_null(std::uint64_t run) {
  return run == 0 ? Json(nullptr) : Json(run);
}

Json json_of(const BrokenRun& broken, const Score& score) {
  if (!broken) return nullptr;
  return {
      {"run", broken.run}, {"engine", score.engines[broken.engine]->name()}, {"oracle", oracle_name(broken.oracle)}};
}

Json json_of(const Quartiles& quartiles) {
  return {
      {"lower", or_null(quartiles.lower)}, {"median", or_null(quartiles.median)}, {"upper", or_null(quartiles.upper)}};
}

Json trials_of(const Score& score, bool places_known) {
  Json trials = Json::array();
  for (const SearchResult& trial : score.trials) {
    const SearchCounts& counts = trial.counts;
    Json json{{"seed", trials.size() + 1}, {"runs", counts.runs}};
    if (places_known) {
      json["reached"] = run_or_null(counts.reached);
      json["triggered"] = run_or_null(counts.triggered);
    }
    json["detected"] = json_of(counts.detected, score);
    json["runs_without_defect"] = counts.runs_without;
    json["false_alarms"] = counts.false_alarms;
    json["first_false_alarm"] = json_of(counts.false_alarm, score);
    json["cpu_milliseconds"] = static_cast<double>(counts.cpu_time) / 1e6;
    json["failures"] = trial.failures;
    json["first_failure"] = trial.failures == 0 ? Json(nullptr) : Json(trial.failed);
    trials.push_back(std::move(json));
  }
  return trials;
}

Json json_of(const Score& score, const ScoreboardSettings& settings) {
  Json left_out = Json::array();
  for (const std::size_t number : score.left_out) left_out.push_back(settings.corpus[number].name);
  Json detectors = Json::array();
  for (const Detector& detector : detectors_of(score))
    detectors.push_back({{"engine", detector.engine}, {"oracle", detector.oracle}, {"trials", detector.trials}});
  return {{"name", score.defect.name},
          {"what", score.defect.what},
          {"detectable", score.detectable()},
          {"left_out", std::move(left_out)},
          {"detected", score.detected()},
          {"detected_by", std::move(detectors)},
          {"runs", json_of(score.runs())},
          {"cpu_milliseconds", json_of(score.cpu_milliseconds())},
          {"trials", trials_of(score, !settings.libfuzzer.has_value())}};
}

}  // namespace

std::string score_json(const Scoreboard& board, const ScoreboardSettings& settings) {
  const bool places_known = !settings.libfuzzer.has_value();
  Json defects = Json::array();
  for (const Score& score : board.scores) defects.push_back(json_of(score, settings));
  const Json json{{"search", places_known ? "mutants" : "libfuzzer"},
                  {"runs", settings.runs},
                  {"seeds", settings.seeds},
                  {"complete", board.complete},
                  {"programs", settings.corpus.size()},
                  {"share", board.share()},
                  {"runs_without_defect", board.runs_without()},
                  {"false_alarms", board.false_alarms()},
                  {"defects", std::move(defects)},
                  {"without_defect", trials_of(board.without, places_known)}};
  // Names of files may be any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace shootdown
