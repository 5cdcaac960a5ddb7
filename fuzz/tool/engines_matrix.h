// `shootdown engines --matrix`: which engine breaks what, with a program for each.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct EnginesOptions {
  bool matrix = false;               // else the engines are listed
  std::vector<std::string> engines;  // empty: all
  std::size_t runs = 4000;           // programs for each engine
  std::string corpus = "corpus";     // where they come from
  bool json = false;
};

// exit_violation: an engine breaks what it claims.
ExitStatus engines_matrix_command(const EnginesOptions& options, Console& console,
                                  std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
