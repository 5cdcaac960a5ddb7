// Which states a search has seen: a set of their digests.
//
// A state whose digest is that of another one is taken for it. Of n states, that
// happens to none but with probability below n * n / 2^64 (omission()), as far as
// digests are as good as random numbers.
//
// Open addressing; takes 8 bytes a state, and as much again to grow.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/prove/huge_pages.h"

namespace shootdown {

class VisitedStates {
 public:
  VisitedStates() : places_(std::size_t{1} << 16U) {}

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return places_.size() * sizeof(std::uint64_t); }

  // Returns whether it is new.
  bool insert(std::uint64_t digest) {
    if (10 * size_ >= 7 * places_.size()) grow();
    const bool is_new = put(digest | 1U);
    size_ += is_new ? 1 : 0;
    return is_new;
  }

  // The probability that two of so many states were taken for one; one bit of a digest says that there is one.
  static double omission(double states) { return states * states / std::ldexp(1.0, 64); }

 private:
  bool put(std::uint64_t digest) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = digest >> 1U & mask;; at = (at + 1) & mask) {
      if (places_[at] == digest) return false;
      if (places_[at] != 0) continue;
      places_[at] = digest;
      return true;
    }
  }

  void grow() {
    std::vector<std::uint64_t, HugePages<std::uint64_t>> old(2 * places_.size());
    old.swap(places_);
    for (const std::uint64_t digest : old) {
      if (digest != 0) put(digest);
    }
  }

  std::vector<std::uint64_t, HugePages<std::uint64_t>> places_;
  std::size_t size_ = 0;
};

}  // namespace shootdown
