#include "fuzz/scoreboard/score_words.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace shootdown {

std::vector<Detector> detectors_of(const Score& score) {
  std::vector<Detector> detectors;
  for (const SearchResult& trial : score.trials) {
    const BrokenRun& detected = trial.counts.detected;
    if (!detected) continue;
    const std::string_view engine = score.engines[detected.engine]->name();
    const std::string_view oracle = oracle_name(detected.oracle);
    const auto same = [&](const Detector& other) { return other.engine == engine && other.oracle == oracle; };
    const auto known = std::ranges::find_if(detectors, same);
    if (known == detectors.end()) {
      detectors.push_back({.engine = engine, .oracle = oracle, .trials = 1});
    } else {
      ++known->trials;
    }
  }
  std::ranges::sort(detectors, [](const Detector& one, const Detector& other) {
    return std::tie(other.trials, one.engine, one.oracle) < std::tie(one.trials, other.engine, other.oracle);
  });
  return detectors;
}

std::string in_words(const std::vector<Detector>& detectors) {
  if (detectors.empty()) return "-";
  const std::string others = detectors.size() == 1 ? "" : fmt::format(" (+{})", detectors.size() - 1);
  return fmt::format("{}: {}{}", detectors.front().engine, detectors.front().oracle, others);
}

std::string why_undetected(const Score& score, bool places_known) {
  if (!score.detectable()) return std::string(score.defect.what);
  if (!places_known) return "no target has found it";
  if (score.reached() == 0) return "never reached: no program came to the place where the mistake is made";
  if (score.triggered() == 0) return "reached, but never triggered: it made no difference to any run";
  return "triggered, but never detected: it broke nothing that an engine claims";
}

std::string in_words(const Quartiles& quartiles, std::string_view limit, int decimals) {
  const auto number = [&](const std::optional<double>& value) {
    return value.has_value() ? fmt::format("{:.{}f}", *value, decimals) : "?";
  };
  if (!quartiles.median.has_value()) return std::string(limit);
  return fmt::format("{} ({} to {})", number(quartiles.median), number(quartiles.lower), number(quartiles.upper));
}

}  // namespace shootdown
