#include "fuzz/trace/rounds.h"

#include <algorithm>

namespace shootdown {

namespace {

bool say_the_same(const StoryLine& line, const StoryLine& other) {
  return line.kind == other.kind && line.cpu == other.cpu && line.text == other.text;
}

}  // namespace

std::optional<Rounds> find_rounds(std::span<const StoryLine* const> lines) {
  for (std::size_t length = 1; length * Rounds::fewest <= lines.size(); ++length) {
    std::size_t begin = lines.size() - length;
    while (begin > 0 && say_the_same(*lines[begin - 1], *lines[begin - 1 + length])) --begin;
    const std::size_t count = (lines.size() - begin) / length;
    if (count >= Rounds::fewest) return Rounds{.begin = begin, .length = length, .count = count};
  }
  return std::nullopt;
}

}  // namespace shootdown
