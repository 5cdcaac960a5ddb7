#include "fuzz/compare/comparison.h"

#include <algorithm>

#include <fmt/format.h>

#include "fuzz/replay/adapt.h"

namespace shootdown {

bool adapt_to_both(Program& program, const Engine& one, const Engine& other) {
  return adapt_to(program, one) && adapt_to(program, other) && one.refusal(program).empty();
}

std::string ComparisonCounts::in_words(const Engine& one, const Engine& other) const {
  return fmt::format("{} and {}: {} programs, {} operations; {} not possible; {} explained; {} differ", one.name(),
                     other.name(), programs, operations, refused, explained, different);
}

namespace {

// Lines of an engine that are not among another one's.
std::string missing(const Engine& engine, const std::vector<std::string>& lines,
                    const std::vector<std::string>& others) {
  std::string text;
  for (const std::string& line : lines) {
    if (std::ranges::find(others, line) == others.end()) text += fmt::format("  {}: {}\n", engine.name(), line);
  }
  return text;
}

}  // namespace

std::string Comparison::compare(Program& program) {
  if (!adapt_to_both(program, one_.engine(), other_.engine())) {
    ++counts_.refused;
    return {};
  }
  const std::vector<Conduct::Part> expected = conduct_of(one_, program);
  const std::vector<Conduct::Part> found = conduct_of(other_, program);
  ++counts_.programs;
  counts_.operations += program.operation_count;
  if (expected == found) return {};
  const bool explained = is_explained(program);
  ++(explained ? counts_.explained : counts_.different);
  return explained ? std::string() : difference(expected, found);
}

bool Comparison::is_explained(const Program& program) {
  const std::vector<Conduct::Part> right = conduct_of(right_, program);
  return right != conduct_of(as_linux_, program);
}

const std::vector<Conduct::Part>& Comparison::conduct_of(Replayer& replayer, const Program& program) {
  replayer.run(program, &conduct_);
  return conduct_.parts();
}

// The first place, and the lines that only one has there.
std::string Comparison::difference(const std::vector<Conduct::Part>& expected,
                                   const std::vector<Conduct::Part>& found) const {
  const auto [first, second] = std::ranges::mismatch(expected, found);
  static const Conduct::Part nothing;
  const Conduct::Part& one = first == expected.end() ? nothing : *first;
  const Conduct::Part& other = second == found.end() ? nothing : *second;
  std::string text = one.place() + ":\n";
  for (const auto lines : {&Conduct::Part::seen, &Conduct::Part::state}) {
    text += missing(one_.engine(), one.*lines, other.*lines);
    text += missing(other_.engine(), other.*lines, one.*lines);
  }
  return text;
}

}  // namespace shootdown
