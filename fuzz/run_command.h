// `shootdown run`: replays inputs and says whether what came of them was expected.
//
// A single file gets a line for every verdict. Of many files only those are
// listed that did not come out as expected, and a summary ends the list.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/output.h"

namespace shootdown {

// The exit status of a command. A violation counts more than a bad input: it is what a run is for.
enum ExitStatus : int {
  exit_fine = 0,
  exit_violation = 1,  // something came out other than expected
  exit_bad_input = 2,  // bad usage, an input that cannot be read, output that cannot be written
};

// Where a command speaks.
class Console {
 public:
  Console(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}

  Output& out() { return out_; }
  // Prints "shootdown: MESSAGE" to where errors go.
  void error(std::string_view message);

 private:
  Output out_;
  std::FILE* err_;
};

struct RunOptions {
  std::vector<std::string> paths;      // files, folders, "-"
  std::vector<std::string> engines;    // empty: all
  std::optional<std::string> oracles;  // none: what the inputs expect
  std::string trace;                   // "compact" or "full"; empty: none
  int width = 120;
  bool quiet = false;
  bool hash = false;
};

ExitStatus run_command(const RunOptions& options, Console& console);

}  // namespace shootdown
