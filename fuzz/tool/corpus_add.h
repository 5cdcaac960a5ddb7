// `shootdown corpus add`: crash files become regressions.
//
// Each input that breaks something is written as text, with what it does to every
// engine now as its expectations (regression.h). Of those that break the same in the
// same way only the smallest is taken, and none if there is such a regression.
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
};

// `engines`: those that count.
ExitStatus corpus_add_command(const CorpusAddOptions& options, Console& console,
                              std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
