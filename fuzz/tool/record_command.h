// `shootdown record`: the schedules that inputs take, written out.
#pragma once

#include <string>
#include <vector>

#include "fuzz/io/console.h"

namespace shootdown {

struct RecordOptions {
  std::vector<std::string> files;  // "-": standard input
  std::string engine = "deferred_dirty";
  bool events = false;  // places are said by events, not by numbers of steps
};

// Prints each input with its schedule, below a line "# NAME" if there are several. A bad one, and one whose schedule
// has no room in a program, is reported, and the rest is printed.
ExitStatus record_command(const RecordOptions& options, Console& console);

}  // namespace shootdown
