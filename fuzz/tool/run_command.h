// `shootdown run`: replays inputs and says whether what came of them was expected.
//
// A single file gets a line for every verdict. Of many, what did not come out as
// expected is sorted into buckets, one for each bug as far as can be told
// (buckets.h), and shown as a table; a summary ends the output. Only what breaks
// its own expectations is listed file by file: that is a statement about the file.
//
// Runs happen in a process of their own: an input on which Shootdown itself fails
// has a bucket, too, and the rest is run all the same.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"
#include "fuzz/triage/isolated_replay.h"

namespace shootdown {

struct RunOptions {
  std::vector<std::string> paths;      // files, folders, archives, "-"
  std::vector<std::string> engines;    // empty: all
  std::optional<std::string> oracles;  // none: what the inputs expect
  std::string defect;                  // a planted mistake; empty: none
  std::string trace;                   // "compact" or "full"; empty: none
  int width = 120;
  double timeout = default_run_limit.count();  // seconds for each run
  bool quiet = false;
  bool list = false;  // all files of each bucket
  bool hash = false;
};

// `engines`: those that are meant if none is named.
ExitStatus run_command(const RunOptions& options, Console& console,
                       std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
