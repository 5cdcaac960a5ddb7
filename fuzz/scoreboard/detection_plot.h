// The curve of a scoreboard as SVG: how many defects have been detected after how
// many runs, a thin line for each seed and a thick one for their median.
//
// Runs are on a logarithmic axis. Only seeds with all their trials have a line. Colours
// are the page's: the classes seed, median, bound, axis and grid.
#pragma once

#include <string>

#include "fuzz/scoreboard/scoreboard.h"

namespace shootdown {

// Empty if no seed has all its trials.
std::string detection_plot(const Scoreboard& board, const ScoreboardSettings& settings);

}  // namespace shootdown
