// Runs programs without a race: pseudo-random ones of one CPU and of several, each with an address space of its own, one operation
// after the other, of all operations that an engine does. Whatever the engine, nothing that it claims may break in any of them: what
// does is a mistake of the engine or of an oracle. Only dirty-unmapped, which sees a dangerous order of steps whether or not
// anybody comes between, says nothing where there are several CPUs.
//
// Usage: sequential ENGINE COUNT
//
// Runs COUNT programs, besides those that the engine refuses. Prints how many, how many operations they had, and of the first that
// breaks something the program and a trace.
//
// Exit status: 0 nothing is broken; 1 something is; 2 bad usage.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <span>
#include <variant>

#include "fuzz/checks/count_and_files.h"
#include "fuzz/compare/sequential_programs.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

// Returns whether nothing breaks.
bool run_programs(const Engine& engine, std::uint64_t count) {
  SequentialPrograms programs;
  Replayer replayer(engine);
  OracleSet dangers;
  dangers.insert(OracleId::dirty_unmapped);
  const auto program = std::make_unique<Program>();
  std::uint64_t operations = 0;
  for (std::uint64_t runs = 0; runs != count;) {
    const bool alone = runs % 2 == 0;
    programs.next_of_single_threads(*program, alone ? 1 : max_mms);
    if (!engine.refusal(*program).empty()) continue;
    const OracleSet claims = alone ? claims_of(engine) : claims_of(engine) - dangers;
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

Checked sequential(std::span<char* const> arguments) {
  if (arguments.size() != 2) return InputError{"expected ENGINE COUNT"};
  const auto engine = select_engine(arguments[0]);
  if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
  const auto inputs = count_and_files(arguments.subspan(1));
  if (const auto* const error = std::get_if<InputError>(&inputs)) return *error;
  return run_programs(*std::get<const Engine*>(engine), std::get<CountAndFiles>(inputs).count);
}

}  // namespace

int main(int argc, char** argv) {
  return run_check(argc, argv, "sequential", sequential);
}
