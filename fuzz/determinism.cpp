// Runs many inputs on every engine, each twice, and prints a digest of all that happened.
//
// Usage: determinism COUNT FILE...
//
// The inputs are the given files, encoded or text, and COUNT pseudo-random ones. If a second run of an input differs
// from the first, that is an error. The digest is the same in every process and every build of the same source;
// ci/check-determinism compares them.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/inputs.h"
#include "fuzz/random_programs.h"
#include "fuzz/replay.h"

namespace {

using namespace shootdown;

// The digest of two runs, which must be equal.
std::uint64_t run_twice(Replayer& replayer, const Program& program, const std::string& name) {
  const RunResult first = replayer.run(program);
  const RunResult second = replayer.run(program);
  if (first.hash == second.hash && first.broken == second.broken && first.outcome == second.outcome) return first.hash;
  fmt::print(stderr, "determinism: {} on {}: two runs differ\n", name, replayer.engine().name());
  std::exit(1);
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
    Replayer replayer(*engine);
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
