// `shootdown dictionary`: the words of the input language, for fuzzers.
#pragma once

#include <string>

#include "fuzz/io/console.h"

namespace shootdown {

struct DictionaryOptions {
  std::string form;  // "bytes" or "text"
  std::string to;    // a file; empty or "-": the output
};

ExitStatus dictionary_command(const DictionaryOptions& options, Console& console);

}  // namespace shootdown
