// `shootdown show`: inputs as text, and what they do to the engines.
#pragma once

#include <string>
#include <vector>

#include "fuzz/io/console.h"

namespace shootdown {

struct ShowOptions {
  std::vector<std::string> files;  // "-": standard input
  bool expect = false;             // with `expect` lines that say what each engine does now
  bool bucket = false;             // instead of the program: in one line what it breaks first
};

// Prints each input, below a line "# NAME" if there are several. A bad one is reported, and the rest is shown.
ExitStatus show_command(const ShowOptions& options, Console& console);

}  // namespace shootdown
