// Runs programs without a race: pseudo-random ones of one CPU, one operation after the other, of all operations that an engine
// does. Whatever the engine, nothing that it claims may break in any of them: what does is a mistake of the engine or of an oracle.
//
// Usage: sequential ENGINE COUNT
//
// Runs COUNT programs, besides those that the engine refuses. Prints how many, how many operations they had, and of the first that
// breaks something the program and a trace.
//
// Exit status: 0 nothing is broken; 1 something is; 2 bad usage.
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "fuzz/checks/sequential_programs.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

// Returns whether nothing breaks.
bool run_programs(const Engine& engine, std::uint64_t count) {
  SequentialPrograms programs(engine.does_every_operation() ? Repertoire::all : Repertoire::modelled);
  Replayer replayer(engine);
  const OracleSet claims = claims_of(engine);
  const auto program = std::make_unique<Program>();
  std::uint64_t operations = 0;
  for (std::uint64_t runs = 0; runs != count;) {
    programs.next_on_one_cpu(*program);
    if (!engine.refusal(*program).empty()) continue;
    const OracleSet broken = replayer.run(*program).broken & claims;
    if (!broken.empty()) {
      fmt::print("{}\n{} breaks {} in run {}\n", describe_violation(engine, *program, replayer.report().first(claims)),
                 engine.name(), names_of(broken), runs + 1);
      return false;
    }
    operations += program->operation_count;
    ++runs;
  }
  fmt::print("{}: {} sequential programs of {} operations in all break nothing\n", engine.name(), count, operations);
  return true;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int bad_usage(std::string_view message) {
  fmt::print(stderr, "sequential: {}\n", message);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) return bad_usage("expected ENGINE COUNT");
    const auto engine = select_engine(argv[1]);
    if (const auto* const error = std::get_if<InputError>(&engine)) return bad_usage(error->message);
    const std::optional<std::uint64_t> count = number(argv[2]);
    if (!count) return bad_usage(fmt::format("expected a number of programs, found '{}'", argv[2]));
    return run_programs(*std::get<const Engine*>(engine), *count) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sequential: %s\n", error.what());
    return 1;
  }
}
