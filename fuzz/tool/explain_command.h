// `shootdown explain`: a page that shows what went wrong in a run.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct ExplainOptions {
  std::string from;                    // an input, encoded or text, or "-"
  std::string to;                      // a file; empty or "-": the output
  std::string engine;                  // empty: the first that breaks what it claims, or else anything
  std::string against;                 // another engine; empty: none
  std::optional<std::string> oracles;  // none: all
  std::string defect;                  // a planted mistake; empty: none
  bool all = false;                    // every step
  bool svg = false;                    // only the picture
  bool perfetto = false;               // for trace viewers
};

ExitStatus explain_command(const ExplainOptions& options, Console& console,
                           std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
