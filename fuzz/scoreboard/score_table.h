// A scoreboard for people, as lines of text.
#pragma once

#include <string>

#include "fuzz/scoreboard/scoreboard.h"

namespace shootdown {

// The table of all defects; then what was not detected and why, what was left out of the corpus, false alarms, and all
// of it in numbers. `list`: what was left out by its name, however much that is.
std::string score_table(const Scoreboard& board, const ScoreboardSettings& settings, bool list);

}  // namespace shootdown
