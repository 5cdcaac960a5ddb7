// Prints what programs do on an engine, so that it can be compared with what they do on another one, of another build.
//
// Usage: describe_runs ENGINE COUNT FILE...
//
// A line for each thing, which begins with the program and a tab. Of each file: what its program breaks under its own schedule, and
// what any of 100 pseudo-random schedules does. Of the files' programs without their schedules, and of COUNT pseudo-random ones of
// all operations that the engine does: what they break, what threads see, and how the kernel is after each operation (conduct.h). What
// the engine refuses is left out.
//
// Exit status: 0; 1 an error; 2 bad usage, or the output cannot be written.
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/schedules.h"
#include "fuzz/compare/conduct.h"
#include "fuzz/compare/sequential_programs.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

constexpr std::uint64_t schedules = 100;

void describe_broken(const std::string& name, std::string_view how, OracleSet broken) {
  for (const OracleId id : oracle_ids) {
    if (broken.contains(id)) fmt::print("{}\tbreaks {}{}\n", name, oracle_name(id), how);
  }
}

void describe_operations(Replayer& replayer, const Program& program, const std::string& name) {
  Conduct conduct;
  describe_broken(name, ", one operation after the other", replayer.run(program, &conduct).broken);
  for (const Conduct::Part& part : conduct.parts()) {
    const std::string where = part.place();
    for (const std::string& line : part.seen) fmt::print("{}\t{}: {}\n", name, where, line);
    for (const std::string& line : part.state) fmt::print("{}\t{}, then {}\n", name, where, line);
  }
}

void describe_all(const Engine& engine, const CountAndFiles& inputs) {
  Replayer replayer(engine);
  const auto program = std::make_unique<Program>();
  for (const Input& file : inputs.files) {
    *program = file.document.program;
    if (!engine.refusal(*program).empty()) continue;
    describe_broken(file.name, "", replayer.run(*program).broken);
    describe_broken(file.name, " under some schedule", broken_under_schedules(replayer, *program, schedules));
    make_sequential(*program);
    describe_operations(replayer, *program, file.name);
  }
  SequentialPrograms programs;
  for (std::uint64_t i = 0; i < inputs.count; ++i) {
    programs.next(*program);
    if (engine.refusal(*program).empty())
      describe_operations(replayer, *program, fmt::format("pseudo-random program {}", i));
  }
}

Checked describe_runs(std::span<char* const> arguments) {
  if (arguments.size() < 2) return InputError{"expected ENGINE COUNT FILE..."};
  const auto engine = select_engine(arguments[0]);
  if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
  const auto inputs = count_and_files(arguments.subspan(1));
  if (const auto* const error = std::get_if<InputError>(&inputs)) return *error;
  describe_all(*std::get<const Engine*>(engine), std::get<CountAndFiles>(inputs));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  return run_check(argc, argv, "describe_runs", describe_runs);
}
