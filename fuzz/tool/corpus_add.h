// `shootdown corpus add`: crash files become regressions.
//
// Of those inputs that break the same in the same way only the smallest is taken, and
// none if there is such a regression. What is taken becomes as small as it can be
// (minimize.h), and is written as text, with what that does to every engine now as its
// expectations (regression.h). Inputs themselves stay where and as they are.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct CorpusAddOptions {
  std::vector<std::string> paths;             // files, folders, archives, "-"
  std::string folder = "corpus/regressions";  // where to write
  bool all = false;                           // take every input that breaks something
  bool as_is = false;                         // make none smaller
};

// `engines`: those that count.
ExitStatus corpus_add_command(const CorpusAddOptions& options, Console& console,
                              std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
