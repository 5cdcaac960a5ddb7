// The programs that a search tries: some of a corpus, then mutants of them without
// end. The same ones in every process and build.
//
// A seed makes mutants of its own. Of no program at all, mutants are made of
// nothing: a few records each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "fuzz/io/input_error.h"
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

 private:
  const std::vector<CorpusProgram>& corpus_;
  std::vector<std::size_t> chosen_;
  std::uint64_t seed_;
};

}  // namespace shootdown
