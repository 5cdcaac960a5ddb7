// `shootdown record`: the schedules that inputs take, written out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct RecordOptions {
  std::vector<std::string> files;  // "-": standard input
  std::string engine = "deferred_dirty";
  bool events = false;  // places are said by events, not by numbers of steps
};

// Prints each input with its schedule, below a line "# NAME" if there are several. A bad one, one that the engine cannot
// run, and one whose schedule has no room in a program, is reported, and the rest is printed. `engines`: those there are.
ExitStatus record_command(const RecordOptions& options, Console& console,
                          std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
