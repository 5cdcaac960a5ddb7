// The programs that are tried on a planted mistake: some of a corpus, then mutants
// of them without end. The same ones in every process and build.
//
// A seed makes mutants of its own. Of no program at all, mutants are made of
// nothing: a few records each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/program/program.h"
#include "fuzz/io/input_error.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

// A program of a corpus.
struct CorpusProgram {
  std::string name;
  std::vector<std::uint8_t> encoded;
};

// Those that the model can run, of inputs, or of what a path names (visit_inputs); or what is wrong with one of them.
std::variant<std::vector<CorpusProgram>, InputError> programs_of(const std::vector<RawInput>& inputs);
std::variant<std::vector<CorpusProgram>, InputError> load_programs(const std::string& path);

class DefectPrograms {
 public:
  // `chosen`: numbers of programs of the corpus, which must outlive it.
  DefectPrograms(const std::vector<CorpusProgram>& corpus, std::vector<std::size_t> chosen, std::uint64_t seed);
  // All of them.
  DefectPrograms(const std::vector<CorpusProgram>& corpus, std::uint64_t seed);

  // How many come before the first mutant.
  std::size_t seeds() const { return chosen_.size(); }

  // Decodes program number `number` into `program`.
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
