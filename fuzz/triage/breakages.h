// Who breaks what: the ways of breaking that kernel engineers tell apart, and which of
// them an engine shows.
//
// An oracle judges a guarantee; a breakage is one way of breaking one. To find those
// of an engine, programs are run on it: those of a corpus, then mutants of them, every
// other one under PCT. Of those that show a breakage the smallest is made smaller still
// (minimize.h).
//
// What is found is shown by a program. What is not was not seen in so many runs, which
// proves nothing. And no run may break what the engine claims, be it a breakage of these
// or not.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "fuzz/triage/corpus_and_mutants.h"
#include "oracles/report.h"

namespace shootdown {

struct Breakage {
  std::string_view name;
  std::string_view what;  // in a sentence
  OracleId oracle;
  bool (*is_shown_by)(const Violation& violation);  // of that oracle
};

std::span<const Breakage> all_breakages();

// A program that shows a breakage.
struct Example {
  std::string origin;  // which of the programs it was before it was made smaller
  Program program;     // its schedule is listed
};

// That an engine breaks what it claims.
struct Surprise {
  OracleId oracle;
  Example example;
};

struct EngineBreakages {
  const Engine* engine;
  std::size_t runs = 0;
  std::vector<std::optional<Example>> examples;  // of each breakage, in their order
  std::optional<Surprise> surprise;              // one of them, if there are any
};

// Tries the first `limit` programs on an engine; those that it refuses are changed for it, or left out. The caller must
// not have a Replayer of its own meanwhile.
EngineBreakages find_breakages(const Engine& engine, const CorpusAndMutants& programs, std::size_t limit);

}  // namespace shootdown
