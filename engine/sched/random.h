// SplitMix64: a small random number generator, the same everywhere.
//
// Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA
// 2014. Deterministic: what it yields depends on the seed only.
#pragma once

#include <bit>
#include <cstdint>

namespace shootdown {

class SplitMix64 {
 public:
  explicit constexpr SplitMix64(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  // A number below `bound`, which is not 0; the bias is negligible for small bounds.
  constexpr std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

// Draws one of the bits that are set, of which there is one at least: its number.
constexpr int any_bit(std::uint64_t bits, SplitMix64& random) {
  for (std::uint64_t skipped = random.below(static_cast<std::uint64_t>(std::popcount(bits))); skipped != 0; --skipped)
    bits &= bits - 1;
  return std::countr_zero(bits);
}

}  // namespace shootdown
