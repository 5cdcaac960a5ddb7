// The schedules that a search has come across: a tree, in which each has one deviation more than its parent.
//
// They are numbered in the order in which they were come across, and so those with fewer deviations come first;
// number 0 has none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "fuzz/prove/deviations.h"
#include "fuzz/prove/huge_pages.h"

namespace shootdown {

// Where a deviation leads, as far as that is known before it is made. That may be a state, before the next decision.
// Or it is known only what the CPU that is let run goes on from, to whichever state: with an interrupt, or from where it has waited. Whoever
// else goes on from there comes to the same.
struct Target {
  static Target state(std::uint64_t digest) { return {digest | 1U}; }
  static Target departure(std::uint64_t digest) { return {digest & ~std::uint64_t{1}}; }

  bool is_known() const { return digest != 0; }
  bool is_state() const { return (digest & 1U) != 0; }
  bool is_departure() const { return is_known() && !is_state(); }

  // Its lowest bit, which makes no difference to VisitedStates, says which it is.
  std::uint64_t digest = 0;
};

// A schedule, but for the deviations of its parent, which come before.
struct Branch {
  std::uint32_t parent;
  Deviation deviation;
  Target target;  // of the deviation
};

class Schedules {
 public:
  using Number = std::uint32_t;
  // More have no number.
  static constexpr std::size_t most = std::numeric_limits<Number>::max();

  std::size_t size() const { return 1 + branches_.size(); }
  std::size_t bytes() const { return branches_.capacity() * sizeof(Branch); }

  // Of any but number 0.
  const Branch& branch(Number number) const { return branches_[number - 1]; }
  // All deviations of a schedule, in the order of their decisions.
  void spell(Number number, std::vector<Deviation>& path) const {
    path.clear();
    for (; number != 0; number = branch(number).parent) path.push_back(branch(number).deviation);
    std::ranges::reverse(path);
  }

  void add(const Branch& branch) { branches_.push_back(branch); }
  // Puts those from this number on, whose numbers nobody knows yet, into the opposite order.
  void reverse(std::size_t first) {
    std::reverse(branches_.begin() + static_cast<std::ptrdiff_t>(first - 1), branches_.end());
  }

 private:
  std::vector<Branch, HugePages<Branch>> branches_;
};

}  // namespace shootdown
