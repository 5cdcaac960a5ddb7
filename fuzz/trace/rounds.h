// Where the story of a run that goes round until it is cut off begins to repeat itself.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "fuzz/trace/story.h"

namespace shootdown {

struct Rounds {
  std::size_t begin;   // of the first, among the lines
  std::size_t length;  // of each, in lines
  std::size_t count;   // whole ones, up to the end: `fewest` or more

  static constexpr std::size_t fewest = 4;
  // So many are enough to see it.
  static constexpr std::size_t told = 2;

  std::size_t end_of_told() const { return begin + told * length; }
  std::size_t left_out() const { return count - told; }
};

// Of lines in the order in which they are shown, the last of which belongs to a round. The shortest rounds that there are; none: the
// end does not repeat what was before.
std::optional<Rounds> find_rounds(std::span<const StoryLine* const> lines);

}  // namespace shootdown
