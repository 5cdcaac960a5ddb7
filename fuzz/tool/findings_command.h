// `shootdown findings`: what the model, Linux's own code and running kernels say of the findings.
#pragma once

#include <span>
#include <string>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct FindingsOptions {
  std::string folder = "corpus/findings";
  bool json = false;  // for programs
};

// Runs the programs of each finding on each engine. Engines of Linux's own code that are not in this build are named with
// what is expected of them.
ExitStatus findings_command(const FindingsOptions& options, Console& console,
                            std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
