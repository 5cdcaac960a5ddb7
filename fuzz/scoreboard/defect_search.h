// Looks for a program that shows a planted mistake.
//
// A run is one program on one engine: those of the corpus on every engine in question,
// mutants on one of them, in turn. Of each run it is known whether the mistake was
//
//   reached    the place where it is made was executed
//   triggered  it made a difference: not the same happened as without it
//   detected   an engine broke with it what it claims, and does not break without it
//
// which are nested: what was detected was triggered, what was triggered was reached.
// So the number of runs until each is a measure of oracles, corpus and mutator
// apart. A run that did not reach the mistake was one without it, and so is the run
// that one with it is compared with: whatever breaks in these is a false alarm.
//
// Runs happen in a process of their own: a mistake may well make Shootdown stop
// at a check of its own. Such a run counts as one in which nothing was found.
//
// Programs that bring something new (novelty.h) are kept, and others are made of them.
//
// "Not the same happened" goes by the hash of all that is announced, by the verdicts,
// and by how the run ended. What a mistake changes that no event tells, and that has no
// consequence, is no difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/defects.h"
#include "engine/zap/engines.h"
#include "fuzz/scoreboard/novelty.h"
#include "fuzz/triage/corpus_and_mutants.h"
#include "fuzz/triage/isolation.h"
#include "oracles/oracles.h"

namespace shootdown {

// What breaks, and where.
struct BrokenRun {
  std::uint64_t run = 0;     // its number, from 1; 0: there is none
  std::uint64_t engine = 0;  // its place among those of the search
  OracleId oracle{};         // the first that breaks

  explicit operator bool() const { return run != 0; }
};

// How far a search has come. Runs are counted from 1; 0: none.
struct SearchCounts {
  std::uint64_t runs = 0;       // made
  std::uint64_t reached = 0;    // the first that did
  std::uint64_t triggered = 0;  // the first that did
  BrokenRun detected;
  std::uint64_t runs_without = 0;  // a mistake: those that did not reach it, and those that were compared with
  std::uint64_t false_alarms = 0;  // so many of these broke something
  BrokenRun false_alarm;           // the first of them
  std::uint64_t cpu_time = 0;      // of the runs, in nanoseconds; not of those that were compared with
};

struct SearchResult {
  SearchCounts counts;
  std::vector<std::uint8_t> false_alarm;  // the program of the first
  std::uint64_t failures = 0;             // runs in which Shootdown itself failed
  std::string failed;                     // what it said of the first
};

// On which a mistake is looked for.
std::vector<const Engine*> engines_for(const DefectInfo& defect);

class DefectSearch {
 public:
  // Of no mistake if `defect` is `none`: then all runs are without one. The caller must not have a Replayer of its own
  // meanwhile.
  DefectSearch(Defect defect, std::vector<const Engine*> engines, CorpusAndMutants programs);

  // Until the mistake is detected, or so many runs have been made in all.
  const SearchResult& run(std::size_t limit);

  const SearchResult& result() const { return result_; }
  std::span<const Engine* const> engines() const { return engines_; }
  // Which program a run is of.
  std::size_t program_of(const BrokenRun& broken) const;
  // How many programs were kept.
  std::size_t kept() const { return programs_.kept(); }

  // Forgets what was detected, and goes on behind the program.
  void pass_over();

 private:
  class Bench;

  void learn(std::string_view reply);

  Defect defect_;
  std::vector<const Engine*> engines_;
  CorpusAndMutants programs_;
  Novelty novelty_;
  SearchResult result_;
  std::shared_ptr<Bench> bench_;  // in the process only
  Isolation isolation_;
};

// Which program a run of a search on so many engines is of; runs are counted from 1.
std::size_t program_of_run(std::uint64_t run, std::size_t corpus_size, std::size_t engines);

// The numbers of those programs of a corpus that detect a mistake as they are.
std::vector<std::size_t> exposing(const DefectInfo& defect, const std::vector<CorpusProgram>& corpus);

}  // namespace shootdown
