// `shootdown corpus list`: what is in a corpus, a line for each program.
#pragma once

#include <string>
#include <vector>

#include "fuzz/io/console.h"

namespace shootdown {

struct CorpusListOptions {
  std::vector<std::string> paths{"corpus"};  // files, folders, archives
  bool json = false;                         // for programs
};

// Prints the name of each input, in short what it is expected to do to each engine, and its title, which is its first
// comment. Bad inputs are reported, and the rest is listed.
ExitStatus corpus_list_command(const CorpusListOptions& options, Console& console);

}  // namespace shootdown
