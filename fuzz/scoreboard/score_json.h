// A scoreboard for programs, as JSON.
#pragma once

#include <string>

#include "fuzz/scoreboard/scoreboard.h"

namespace shootdown {

// docs/scoreboard.md says what is in it.
std::string score_json(const Scoreboard& board, const ScoreboardSettings& settings);

}  // namespace shootdown
