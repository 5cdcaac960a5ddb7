// `shootdown assemble`: texts become bytes, one of them or a folder's.
#pragma once

#include <string>

#include "fuzz/io/console.h"

namespace shootdown {

struct AssembleOptions {
  std::string from;  // a text, a folder with texts, or "-"
  std::string to;    // a file, or the folder; empty or "-": the output
};

ExitStatus assemble_command(const AssembleOptions& options, Console& console);

}  // namespace shootdown
