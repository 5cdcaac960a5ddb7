// Checks that which code a run reaches, and how often, depends on its input alone, whatever ran before it.
//
// Usage: same_code [--engine NAME] COUNT FILE...
//
// Fuzzers compare it from run to run: what the run before has left behind looks to them like something new that the
// input did (AFL++ calls it stability). Runs the given files and COUNT pseudo-random inputs on every engine, first in
// their order and then in another one, and compares the counters of edges of each input's two runs. Needs the
// instrumentation of libFuzzer, and must have none itself. The model that is linked into it counts all of its edges, as
// other fuzzers do, whatever guides libFuzzer in this build.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "engine/sched/random.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/random_programs.h"
#include "fuzz/replay/replay.h"

// The instrumentation's interface: it calls the first two at start-up.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void __sanitizer_cov_8bit_counters_init(std::uint8_t* begin, const std::uint8_t* end);
extern "C" void __sanitizer_cov_pcs_init(const std::uintptr_t* begin, const std::uintptr_t* end);
extern "C" __attribute__((weak)) void __sanitizer_symbolize_pc(void* pc, const char* format, char* out,
                                                               std::size_t size);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace {

using namespace shootdown;

// One for each edge in the program, and for each a place and flags.
std::span<std::uint8_t> edge_counters;
std::span<const std::uintptr_t> addresses;

using Counts = std::vector<std::uint8_t>;

Counts counts_of(Replayer& replayer, const Program& program) {
  std::ranges::fill(edge_counters, std::uint8_t{0});
  replayer.run(program);
  return {edge_counters.begin(), edge_counters.end()};
}

std::string place_of(std::size_t edge) {
  // A part of most sanitizers, but not of all builds.
  if (__sanitizer_symbolize_pc == nullptr) return fmt::format("{:#x}", addresses[2 * edge]);
  constexpr std::size_t room = 1000;
  std::string text(room, '\0');
  // The place is the address of the edge's code; that of a call would be one beyond it, and one is taken off.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  __sanitizer_symbolize_pc(reinterpret_cast<void*>(addresses[2 * edge] + 1), "%f %s:%l:%c", text.data(), text.size());
  return text.substr(0, text.find('\0'));
}

// The edges that some input does not reach as often in one run as in another.
std::vector<std::size_t> varying_edges(const Engine& engine, const std::vector<Program>& programs) {
  Replayer replayer(engine);
  // What happens once in a process is no input's doing.
  counts_of(replayer, Program());
  std::vector<Counts> expected;
  expected.reserve(programs.size());
  for (const Program& program : programs) expected.push_back(counts_of(replayer, program));

  std::vector<std::size_t> edges;
  SplitMix64 random(2);
  for (std::size_t i = 0; i < 2 * programs.size(); ++i) {
    const std::size_t number = random.below(programs.size());
    const Counts found = counts_of(replayer, programs[number]);
    for (std::size_t edge = 0; edge < found.size(); ++edge) {
      if (found[edge] != expected[number][edge]) edges.push_back(edge);
    }
  }
  std::ranges::sort(edges);
  const auto repeated = std::ranges::unique(edges);
  edges.erase(repeated.begin(), repeated.end());
  return edges;
}

bool compare_runs(const CountAndFiles& inputs) {
  if (inputs.files.size() + inputs.count == 0 || edge_counters.empty()) {
    std::fputs("same_code: there are no inputs, or there is no instrumentation\n", stderr);
    return false;
  }

  bool same = true;
  for (const Engine* const engine : inputs.engines) {
    std::vector<Program> programs;
    programs.reserve(inputs.files.size() + inputs.count);
    const RunCount count = each_program(
        *engine, inputs, 1, [&](const Program& program, const std::string& /*name*/) { programs.push_back(program); });
    const std::vector<std::size_t> edges = varying_edges(*engine, programs);
    for (const std::size_t edge : edges) {
      fmt::print(stderr, "same_code: {}: not the same in two runs of an input: {}\n", engine->name(), place_of(edge));
    }
    same = same && edges.empty();
    fmt::print("{}: {} of {} edges vary in {} inputs{}\n", engine->name(), edges.size(), edge_counters.size(),
               count.runs, count.not_possible());
  }
  return same;
}

}  // namespace

void __sanitizer_cov_8bit_counters_init(std::uint8_t* begin, const std::uint8_t* end) {
  edge_counters = {begin, static_cast<std::size_t>(end - begin)};
}

void __sanitizer_cov_pcs_init(const std::uintptr_t* begin, const std::uintptr_t* end) {
  addresses = {begin, static_cast<std::size_t>(end - begin)};
}

int main(int argc, char** argv) {
  return run_count_and_files(argc, argv, "same_code", compare_runs);
}
