// What a scoreboard says, in words: what its table, page and JSON have in common.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/scoreboard/scoreboard.h"

namespace shootdown {

// An oracle that detected a defect on an engine, and in how many trials.
struct Detector {
  std::string_view engine;
  std::string_view oracle;
  std::size_t trials = 0;
};

// The most frequent first.
std::vector<Detector> detectors_of(const Score& score);
// "delayed_rmap: fsync-durability", of the first; "(and 2 others)".
std::string in_words(const std::vector<Detector>& detectors);

// Where a defect that no trial detected stays behind, or why nothing can show it.
std::string why_undetected(const Score& score, bool places_known);

// "1234 (800 to 2100)"; "more than 20000" if the median is not known; a quartile that is not is "?".
std::string in_words(const Quartiles& quartiles, std::string_view limit, int decimals);

}  // namespace shootdown
