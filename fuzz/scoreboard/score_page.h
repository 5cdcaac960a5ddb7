// A scoreboard as a page of HTML that needs nothing else: its style and its plot are
// in it, and no scripts are.
#pragma once

#include <string>

#include "fuzz/scoreboard/scoreboard.h"

namespace shootdown {

std::string score_page(const Scoreboard& board, const ScoreboardSettings& settings);

}  // namespace shootdown
