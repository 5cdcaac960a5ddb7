// The programs that a search tries: those of a corpus, then mutants of them without
// end. They are the same ones in every process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/triage/inputs.h"

namespace shootdown {

// The inputs that a path names; or what is wrong: that one of them cannot be read, or that no engine can run any.
std::variant<std::vector<RawInput>, InputError> load_corpus(const std::string& path);

class CorpusAndMutants {
 public:
  // What load_corpus has loaded. What no engine can run is left out.
  explicit CorpusAndMutants(std::vector<RawInput> corpus);

  // Program number `number`: of the corpus, if it is below corpus_size(). The others are made when they are asked for.
  const RawInput& at(std::size_t number);
  std::size_t corpus_size() const { return encoded_.size(); }

 private:
  RawInput mutant(std::uint64_t number) const;

  std::vector<RawInput> inputs_;
  std::vector<std::vector<std::uint8_t>> encoded_;  // of the corpus
};

}  // namespace shootdown
