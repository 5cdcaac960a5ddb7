// `shootdown minimize`: programs that break something become as small as they can be, and break it still.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct MinimizeOptions {
  std::vector<std::string> files;      // "-": standard input
  std::string to;                      // a file, if there is one input; empty or "-": the output
  std::vector<std::string> engines;    // empty: all
  std::optional<std::string> oracles;  // that count; none: what the engine claims, and if that holds all
  std::string defect;                  // a planted mistake; empty: none
};

// Prints what each file comes to, below a line "# NAME" if there are several; and says, to where errors go, how much smaller that
// is. What a file breaks is what it breaks first on the first engine that breaks anything that counts (Examination::first). A
// bad file, and one that breaks nothing, is reported, and the rest is printed. What files expect does not count.
ExitStatus minimize_command(const MinimizeOptions& options, Console& console,
                            std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
