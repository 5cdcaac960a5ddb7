// Programs from pseudo-random bytes, the same in every process and build: for what compares runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/run/engine.h"
#include "engine/sched/random.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/language/codec.h"

namespace shootdown {

class RandomPrograms {
 public:
  // Decodes the next one into `program`: of at most 40 operations and exceptions.
  void next(Program& program) {
    constexpr std::size_t longest = 160;  // bytes
    bytes_.resize(random_.below(longest + 1));
    for (std::uint8_t& byte : bytes_) byte = static_cast<std::uint8_t>(random_.below(256));
    decode(bytes_, program);
  }

 private:
  SplitMix64 random_{1};
  std::vector<std::uint8_t> bytes_;
};

// How many programs an engine has run, and how many it refuses.
struct RunCount {
  std::uint64_t runs = 0;
  std::uint64_t refused = 0;

  // What follows the number of runs and what was found: nothing, if none is refused.
  std::string not_possible() const { return refused == 0 ? "" : fmt::format("; {} not possible", refused); }
};

// Calls visit(program, name) with each file, `times` times, and then with as many pseudo-random programs as are wanted:
// but for those that the engine refuses.
template <typename Visit>
RunCount each_program(const Engine& engine, const CountAndFiles& inputs, int times, const Visit& visit) {
  RunCount count;
  const auto run = [&](const Program& program, const std::string& name) {
    const bool refused = !engine.refusal(program).empty();
    ++(refused ? count.refused : count.runs);
    if (!refused) visit(program, name);
  };
  for (const Input& file : inputs.files) {
    for (int i = 0; i < times; ++i) run(file.document.program, file.name);
  }
  RandomPrograms random;
  const auto program = std::make_unique<Program>();
  for (std::uint64_t i = 0; i < inputs.count; ++i) {
    random.next(*program);
    run(*program, fmt::format("pseudo-random input {}", i));
  }
  return count;
}

}  // namespace shootdown
