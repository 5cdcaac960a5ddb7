// `shootdown run`: replays inputs and says whether what came of them was expected.
//
// A single file gets a line for every verdict. Of many, what did not come out as
// expected is sorted into buckets, one for each bug as far as can be told
// (buckets.h), and shown as a table; a summary ends the output. Only what breaks
// its own expectations is listed file by file: that is a statement about the file.
//
// Runs happen in a process of their own: an input on which Shootdown itself fails
// is one more finding, and the rest is run all the same.
#pragma once

#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/zap/engines.h"
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
  // Prints a text there as it is.
  void show(std::string_view text);

 private:
  Output out_;
  std::FILE* err_;
};

struct RunOptions {
  std::vector<std::string> paths;      // files, folders, archives, "-"
  std::vector<std::string> engines;    // empty: all
  std::optional<std::string> oracles;  // none: what the inputs expect
  std::string trace;                   // "compact" or "full"; empty: none
  int width = 120;
  double timeout = 30;  // seconds for each run
  bool quiet = false;
  bool list = false;  // all files of each bucket
  bool hash = false;
};

// `engines`: those that are meant if none is named.
ExitStatus run_command(const RunOptions& options, Console& console,
                       std::span<const ZapEngine* const> engines = all_engines());

}  // namespace shootdown
