// Runs many inputs on every engine, each twice, and prints a digest of all that happened.
//
// Usage: determinism [--engine NAME] COUNT FILE...
//
// The inputs are the given files, encoded or text, and COUNT pseudo-random ones. It is an error if a second run of an
// input differs from the first, or if any run but an engine's first asks for memory. The digest is the same in every
// process and every build of the same source; ci/check-determinism compares them.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/checks/allocations.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/random_programs.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

[[noreturn]] void fail(const Replayer& replayer, const std::string& name, const char* what) {
  fmt::print(stderr, "determinism: {} on {}: {}\n", name, replayer.engine().name(), what);
  std::exit(1);
}

// The digest of two runs, which must be equal.
std::uint64_t run_twice(Replayer& replayer, const Program& program, const std::string& name) {
  const std::size_t before = allocations();
  const RunResult first = replayer.run(program);
  const RunResult second = replayer.run(program);
  if (allocations() != before) fail(replayer, name, "a run asks for memory");
  if (first.hash != second.hash || first.broken != second.broken || first.outcome != second.outcome)
    fail(replayer, name, "two runs differ");
  return first.hash;
}

// Runs all inputs, one after the other.
void print_digest(const Engine& engine, const CountAndFiles& inputs) {
  const std::size_t before = allocations();
  Replayer replayer(engine);
  // Now it has all the memory that it will ever need.
  replayer.run(Program{});
  if (allocations() == before) fail(replayer, "memory", "allocations are not counted");

  std::uint64_t digest = 0;
  const RunCount count = each_program(engine, inputs, 1, [&](const Program& program, const std::string& name) {
    digest = digest * 0x100000001B3U ^ run_twice(replayer, program, name);
  });
  fmt::print("{:016x}  {}  {} inputs{}\n", digest, engine.name(), count.runs, count.not_possible());
}

bool print_digests(const CountAndFiles& inputs) {
  for (const Engine* const engine : inputs.engines) print_digest(*engine, inputs);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  return run_count_and_files(argc, argv, "determinism", print_digests);
}
