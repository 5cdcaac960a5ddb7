// `shootdown prove`: searches all schedules of programs, and says what exactly was searched.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct ProveOptions {
  std::vector<std::string> files;      // "-": standard input
  std::vector<std::string> engines;    // empty: all of the model
  std::optional<std::string> oracles;  // none: what each engine claims
  std::string defect;                  // a planted mistake; empty: none
  std::string may = "preempt,late";    // names of freedoms, with commas between
  int exceptions = std::numeric_limits<int>::max();
  std::uint64_t memory = 4096;                               // for each search, in MB
  double seconds = std::numeric_limits<double>::infinity();  // for each search
  bool all = false;                                          // goes on with the oracles that are not broken
  std::string without;                                       // names of what makes searches fast, with commas between
  bool quiet = false;                                        // no programs
};

// The schedules of the files themselves do not count, nor does what they expect.
ExitStatus prove_command(const ProveOptions& options, Console& console,
                         std::span<const Engine* const> engines = model_engines());

}  // namespace shootdown
