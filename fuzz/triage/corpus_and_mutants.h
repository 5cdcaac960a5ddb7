// The programs that a search tries: some of a corpus, then mutants of them without
// end. The same ones in every process and build.
//
// A seed makes mutants of its own. Of no program at all, mutants are made of
// nothing: a few records each. Two thirds are arrangements (fuzz/language/arrangement.h), under schedules in which
// their operations meet (fuzz/replay/conflicts.h); several that follow each other are of the same operations. It is they that find what is
// rare.
//
// A search that learns may keep some of them (keep()): half of those that come later are made of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "fuzz/io/input_error.h"
#include "fuzz/replay/conflicts.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

// A program of a corpus.
struct CorpusProgram {
  std::string name;
  std::vector<std::uint8_t> encoded;
};

// Of what a path names (visit_inputs), those that one of the engines can run; or what is wrong with the first that cannot be read.
std::variant<std::vector<CorpusProgram>, InputError> load_programs(const std::string& path,
                                                                   std::span<const Engine* const> engines);

class CorpusAndMutants {
 public:
  // `chosen`: numbers of programs of the corpus, which must outlive it.
  CorpusAndMutants(const std::vector<CorpusProgram>& corpus, std::vector<std::size_t> chosen, std::uint64_t seed);
  // All of them.
  CorpusAndMutants(const std::vector<CorpusProgram>& corpus, std::uint64_t seed);

  // How many come before the first mutant.
  std::size_t corpus_size() const { return chosen_.size(); }

  // Makes program number `number`; and the same in bytes.
  void get(std::size_t number, Program& program) const;
  std::vector<std::uint8_t> encoded(std::size_t number) const;
  // A program of the corpus by its name; else "mutant N of seed N".
  std::string name(std::size_t number) const;

  // Program `number` is so good that others shall be made of it, those with higher numbers. It has been kept before none with a
  // lower number.
  void keep(std::size_t number, std::vector<std::uint8_t> encoded);
  std::size_t kept() const { return kept_.size(); }

 private:
  struct Kept {
    std::size_t number;
    std::vector<std::uint8_t> encoded;
  };
  // Those made last: to find out where the operations of one can meet takes longer than a run.
  struct Arranged {
    std::size_t number = std::numeric_limits<std::size_t>::max();
    Program program;
    std::vector<ConflictPoint> points;
  };

  std::span<const Kept> kept_before(std::size_t number) const;
  const std::vector<std::uint8_t>& any(std::span<const Kept> kept, SplitMix64& random) const;
  const Arranged& arranged(std::size_t number) const;

  const std::vector<CorpusProgram>& corpus_;
  std::vector<std::size_t> chosen_;
  std::uint64_t seed_;
  std::vector<Kept> kept_;
  std::unique_ptr<Arranged> arranged_ = std::make_unique<Arranged>();
  mutable std::unique_ptr<ConflictFinder> conflicts_;  // when it is needed
};

}  // namespace shootdown
