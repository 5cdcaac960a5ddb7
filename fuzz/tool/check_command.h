// `shootdown check ENGINE`: what whoever writes an engine wants to know of it (fuzz/check).
//
// Prints how each part went, and a table; writes a page of HTML and JSON if asked for. Interrupted, it does so with
// what it has, and then ends as the signal wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

struct CheckOptions {
  std::vector<std::string> engines;  // of the model
  std::string oracles = "claims";    // what must hold
  std::string defect;                // a planted mistake; empty: none
  std::string may = "preempt,late";  // names of freedoms, with commas between
  std::string calls;                 // of small programs, names with commas between; empty: default_calls()
  double seconds = 480;              // for each engine
  std::uint64_t memory = 1024;       // for each search, in MB
  std::uint64_t seed = 1;            // of mutants
  std::size_t jobs = 0;              // processes; 0: one for each CPU
  std::string corpus = "corpus";
  std::optional<std::string> html;  // where to
  std::optional<std::string> json;
};

ExitStatus check_command(const CheckOptions& options, Console& console,
                         std::span<const Engine* const> engines = model_engines());

}  // namespace shootdown
