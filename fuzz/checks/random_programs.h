// Programs from pseudo-random bytes, the same in every process and build: for what compares runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <fmt/format.h>

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

// Calls visit(program, name) with each file, `times` times, and then with as many pseudo-random programs as are wanted.
template <typename Visit>
void each_program(const CountAndFiles& inputs, int times, const Visit& visit) {
  for (const Input& file : inputs.files) {
    for (int i = 0; i < times; ++i) visit(file.document.program, file.name);
  }
  RandomPrograms random;
  const auto program = std::make_unique<Program>();
  for (std::uint64_t i = 0; i < inputs.count; ++i) {
    random.next(*program);
    visit(*program, fmt::format("pseudo-random input {}", i));
  }
}

}  // namespace shootdown
