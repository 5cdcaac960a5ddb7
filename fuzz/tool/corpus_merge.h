// `shootdown corpus merge`: a corpus that fuzzing has grown becomes as small as
// libFuzzer can make it with the same coverage (libfuzzer_merge.h).
//
// The old corpus is replaced when all has ended well, and untouched until then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fuzz/io/console.h"

namespace shootdown {

struct CorpusMergeOptions {
  std::string target;                  // an engine, or "text"
  std::vector<std::string> sources;    // what is taken in: files, folders, archives
  std::optional<std::string> folder;   // the corpus; none: work/TARGET
  std::optional<std::string> crashes;  // where inputs go that break something; none: build/crashes/TARGET
  std::optional<std::string> program;  // the fuzz target; none: fuzz_TARGET beside this program or in build/fuzz
  std::optional<std::string> oracles;  // none: what SHOOTDOWN_ORACLES says, or claims
};

ExitStatus corpus_merge_command(const CorpusMergeOptions& options, Console& console);

}  // namespace shootdown
