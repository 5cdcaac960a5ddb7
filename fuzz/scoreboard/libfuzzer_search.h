// Looks for a program that shows a planted mistake by libFuzzer: with the fuzz
// targets of the engines, in which SHOOTDOWN_DEFECT makes the mistake.
//
// Each engine has a target of its own. They are run one after the other, none for
// longer than the best before it took: the search counts as if all had been at work
// in turn, run by run, until the first had found something. What a target has found
// is replayed: only what holds without the mistake counts as detected, and what does
// not as a false alarm. A target that ends because Shootdown itself has failed is
// started again for the runs that are left. Of what was not detected it is not known
// whether it was reached: libFuzzer does not tell.
//
// The same seed makes libFuzzer do the same only as long as nothing depends on time;
// so, unlike those of defect_search.h, these numbers may differ from machine to machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/defects.h"
#include "engine/zap/engines.h"
#include "fuzz/scoreboard/defect_search.h"
#include "fuzz/triage/child.h"
#include "fuzz/triage/corpus_and_mutants.h"

namespace shootdown {

struct LibFuzzerTargets {
  std::filesystem::path folder;    // where they are
  std::vector<std::string> flags;  // for each of them, behind those that are needed

  std::filesystem::path of(const Engine& engine) const;
};

// Makes at most `runs` runs, those of what `programs` has before its mutants among them. Throws std::runtime_error if a target cannot
// be run.
SearchResult search_by_libfuzzer(const LibFuzzerTargets& targets, Defect defect, std::span<const Engine* const> engines,
                                 const CorpusAndMutants& programs, std::uint64_t seed, std::uint64_t runs,
                                 const HeldSignals& signals);

}  // namespace shootdown
