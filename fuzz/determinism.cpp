// Runs many inputs on every engine, each twice, and prints a digest of all that happened.
//
// Usage: determinism COUNT FILE...
//
// The inputs are the given files, encoded or text, and COUNT pseudo-random ones. It is an error if a second run of an
// input differs from the first, or if any run but an engine's first asks for memory. The digest is the same in every process and every build of the same source;
// ci/check-determinism compares them.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/allocations.h"
#include "fuzz/inputs.h"
#include "fuzz/random_programs.h"
#include "fuzz/replay.h"

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

// A new replayer, which has all the memory that it will ever need.
Replayer warm_replayer(const ZapEngine& engine) {
  const std::size_t before = allocations();
  Replayer replayer(engine);
  replayer.run(Program{});
  if (allocations() == before) fail(replayer, "memory", "allocations are not counted");
  return replayer;
}

std::uint64_t digest_of(Replayer& replayer, std::uint64_t count, const std::vector<Input>& files) {
  std::uint64_t digest = 0;
  const auto add = [&](const Program& program, const std::string& name) {
    digest = digest * 0x100000001B3U ^ run_twice(replayer, program, name);
  };
  for (const Input& file : files) add(file.document.program, file.name);

  RandomPrograms random;
  const auto program = std::make_unique<Program>();
  for (std::uint64_t i = 0; i < count; ++i) {
    random.next(*program);
    add(*program, fmt::format("pseudo-random input {}", i));
  }
  return digest;
}

int run(const std::vector<std::string>& arguments) {
  const std::uint64_t count = std::strtoull(arguments.front().c_str(), nullptr, 10);
  std::vector<Input> files;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    auto loaded = load_input(arguments[i]);
    if (const auto* const error = std::get_if<InputError>(&loaded)) {
      fmt::print(stderr, "determinism: {}\n", error->message);
      return 2;
    }
    files.push_back(std::move(std::get<Input>(loaded)));
  }
  for (const ZapEngine* const engine : all_engines()) {
    Replayer replayer = warm_replayer(*engine);
    fmt::print("{:016x}  {}  {} inputs\n", digest_of(replayer, count, files), engine->name(), count + files.size());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: determinism COUNT FILE...\n", stderr);
    return 2;
  }
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "determinism: %s\n", error.what());
    return 1;
  }
}
