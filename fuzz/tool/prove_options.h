// What `shootdown prove` can be asked for, and what that means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/input_error.h"
#include "fuzz/prove/explorer.h"

namespace shootdown {

// All programs over some calls, in place of files.
struct SpaceOptions {
  int operations = 0;  // at most, in a program; 0: files are searched
  std::string calls;   // names with commas between; empty: default_calls()
  int cpus = 2;
  int pages = 1;
  int words = 1;
  std::string shard = "1/1";
  std::string results;            // a file; empty: none
  std::optional<double> recheck;  // per cent of what is in the file is searched again, nothing else
};

struct ProveOptions {
  std::vector<std::string> files;      // "-": standard input
  std::vector<std::string> engines;    // empty: all of the model
  std::optional<std::string> oracles;  // none: what each engine claims
  std::string defect;                  // a planted mistake; empty: none
  std::string may = "preempt,late";    // names of freedoms, with commas between
  int exceptions = std::numeric_limits<int>::max();
  std::uint64_t memory = 4096;                               // for each search, in MB
  double seconds = std::numeric_limits<double>::infinity();  // for each search
  bool all = false;                                          // goes on with the oracles that are not broken
  int jobs = 0;                                              // at work at once; 0: one, or one for each CPU
  std::string checkpoint;                                    // where a search is kept that was stopped; empty: nowhere
  double checkpoint_every = 600;                             // seconds, and while it goes on
  std::string without;                                       // names of what makes searches fast, with commas between
  bool quiet = false;                                        // no programs
  SpaceOptions space;
};

// On which engine, and what must not break there.
struct ProvedEngine {
  const Engine* engine = nullptr;
  ExplorerSettings settings;
};

// What follows from the options, one for each engine; or what is wrong with them. `engines`: those that are meant if none is
// named; `known`: those that can be.
std::variant<std::vector<ProvedEngine>, InputError> proved_engines(const ProveOptions& options,
                                                                   std::span<const Engine* const> engines,
                                                                   std::span<const Engine* const> known);

// Of what --without leaves out, with commas between.
std::string names_of_aids();

}  // namespace shootdown
