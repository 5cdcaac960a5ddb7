// Helpers for tests of the input language: random bytes, and what they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "fuzz/language/codec.h"

namespace shootdown {

using Bytes = std::vector<std::uint8_t>;

inline unsigned below(std::mt19937& random, unsigned bound) {
  return static_cast<unsigned>(random()) % bound;
}

inline Bytes random_bytes(std::mt19937& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

inline Program decoded(const Bytes& bytes) {
  static Program program;  // to make one takes far longer than to copy it
  decode(bytes, program);
  return program;
}

}  // namespace shootdown
