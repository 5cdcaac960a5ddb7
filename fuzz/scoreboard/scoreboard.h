// How well the harness finds mistakes that are known to be there: every planted
// defect, searched for several times, from a corpus without the programs that show it.
//
// A *trial* is one search for one defect with one seed, of a bounded number of runs.
// Which programs of the corpus show a defect is found out first, by running all of
// them with it; they are left out of that defect's trials, which begin with
// the rest, and go on with mutants of the rest. With each seed there is also a trial
// of no defect, from the whole corpus: whatever breaks in it is a false alarm.
//
// Trials are independent of each other, and but for CPU times their results are
// determined by corpus, defect, seed and number of runs: not by how many processes
// made them. All trials of a seed are made before those of the next; so what is
// there when the work is interrupted is a scoreboard of fewer seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/defects.h"
#include "fuzz/scoreboard/defect_search.h"
#include "fuzz/scoreboard/libfuzzer_search.h"
#include "fuzz/scoreboard/quartiles.h"
#include "fuzz/triage/child.h"
#include "fuzz/triage/corpus_and_mutants.h"

namespace shootdown {

struct ScoreboardSettings {
  std::vector<DefectInfo> defects;
  std::vector<CorpusProgram> corpus;
  std::size_t runs = 20000;  // of each trial
  std::size_t seeds = 5;
  std::size_t processes = 1;
  std::optional<LibFuzzerTargets> libfuzzer;  // none: mutants of our own
};

// What came of the trials of a defect; or of those without one (Defect::none).
struct Score {
  DefectInfo defect;
  std::vector<const Engine*> engines;  // on which they ran
  std::vector<std::size_t> left_out;   // programs of the corpus that show it
  std::vector<SearchResult> trials;    // by seed, from 1; those that were made

  bool detectable() const { return defect.engine != no_engine; }

  // In how many trials.
  std::size_t reached() const;
  std::size_t triggered() const;
  std::size_t detected() const;
  // Until it was detected.
  Quartiles runs() const;
  Quartiles cpu_milliseconds() const;
};

struct Scoreboard {
  std::vector<Score> scores;  // in the order of the defects
  Score without;
  bool complete = true;  // not interrupted

  // Of the trials of defects that can be detected, those that did; 1 if there are none.
  double share() const;
  // What was detected in a trial and should not be.
  std::vector<const Score*> unexpected() const;

  std::uint64_t runs_without() const;
  std::uint64_t false_alarms() const;
  // The seeds with all of their trials.
  std::size_t whole_seeds() const;
  // How many detectable defects were detected within so many runs, with a seed.
  std::size_t detected_within(std::uint64_t runs, std::size_t seed) const;
};

// Those of a trial.
CorpusAndMutants programs_of(const ScoreboardSettings& settings, const Score& score, std::uint64_t seed);

// Told how many trials of how many have been made.
using ScoreboardProgress = std::function<void(std::size_t made, std::size_t all)>;

// The caller must have no other threads, and no Replayer. What goes wrong is thrown, as a std::runtime_error.
Scoreboard keep_score(const ScoreboardSettings& settings, const HeldSignals& signals,
                      const ScoreboardProgress& progress);

}  // namespace shootdown
