// `shootdown scoreboard`: which planted mistakes are detected, how soon, and how many
// false alarms there are (fuzz/scoreboard).
//
// Prints a table, and writes JSON and a page of HTML if asked for. Interrupted, it
// does so with what it has, and then ends as the signal wants it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/io/console.h"

namespace shootdown {

struct ScoreboardOptions {
  std::vector<std::string> names;  // of defects; empty: all
  std::size_t runs = 20000;        // of each trial
  std::size_t seeds = 5;
  std::size_t jobs = 0;  // processes; 0: one for each CPU
  std::string corpus = "corpus";
  bool from_nothing = false;             // instead
  std::optional<std::string> libfuzzer;  // where the fuzz targets are; none: mutants of our own
  std::vector<std::string> flags;        // for them
  std::optional<std::string> json;       // where to
  std::optional<std::string> html;
  bool list = false;   // all programs that are left out
  double require = 0;  // per cent of trials that must detect the defect
};

ExitStatus scoreboard_command(const ScoreboardOptions& options, Console& console);

}  // namespace shootdown
