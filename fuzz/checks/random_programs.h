// Programs from pseudo-random bytes, the same in every process and build: for what compares runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/sched/random.h"
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

}  // namespace shootdown
