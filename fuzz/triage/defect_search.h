// Looks for a program that shows a planted mistake.
//
// A mistake is caught when an engine that makes it breaks a guarantee that it
// claims, and does not break it without the mistake, on the same program. The
// programs are those of a corpus, then mutants of them, each on every engine in
// question: the same ones in every process. So the number of runs that it takes
// is a measure of oracles, corpus and mutator together.
//
// Runs happen in a process of their own: a mistake may well make Shootdown stop
// at a check of its own. That counts as nothing found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/defects.h"
#include "engine/zap/engines.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/isolated_replay.h"

namespace shootdown {

// What shows a planted mistake.
struct Catch {
  const Engine* engine;
  OracleId oracle;  // the first that breaks
  RawInput input;
};

struct DefectSearch {
  std::optional<Catch> caught;
  std::size_t runs = 0;  // until then
  std::string failed;    // what Shootdown itself said when it first failed in one of them; empty: it did not
  std::size_t failures = 0;
};

// The programs that are tried: those of the corpus that some engine can run, then mutants of them without end.
class DefectPrograms {
 public:
  explicit DefectPrograms(std::vector<RawInput> corpus);

  // Program number `number`; the later ones are made when they are asked for.
  const RawInput& at(std::size_t number);

 private:
  RawInput mutant(std::uint64_t number) const;

  std::vector<RawInput> inputs_;
  std::vector<std::vector<std::uint8_t>> encoded_;  // of the corpus
};

// Makes at most `limit` runs. The caller must not have a Replayer of its own meanwhile.
DefectSearch search_for(const DefectInfo& defect, DefectPrograms& programs, std::size_t limit,
                        std::span<const Engine* const> engines = all_engines());

}  // namespace shootdown
