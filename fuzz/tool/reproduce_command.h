// `shootdown reproduce`: a program becomes one in C, for running kernels.
#pragma once

#include <string>

#include "fuzz/io/console.h"

namespace shootdown {

struct ReproduceOptions {
  std::string from;  // an input, encoded or text, or "-"
  std::string to;    // a file; empty or "-": the output
};

ExitStatus reproduce_command(const ReproduceOptions& options, Console& console);

}  // namespace shootdown
