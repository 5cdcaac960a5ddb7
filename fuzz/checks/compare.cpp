// Runs programs without a race on two engines, and says where they differ: in what threads see, and in how the kernel is after each
// operation (life.h).
//
// Usage: compare ENGINE ENGINE COUNT FILE...
//
// The programs are those of the files, without their schedules, and COUNT pseudo-random ones; on several CPUs, one operation after
// the other. Programs that one of the engines refuses are changed as that engine sees fit. Of the first ten that differ the program is printed, and where it does.
//
// Exit status: 0 no difference; 1 there are some; 2 bad usage.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/life.h"
#include "fuzz/checks/sequential_programs.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

class Comparison {
 public:
  Comparison(const Engine& one, const Engine& other) : one_(one), other_(other) {}

  void compare(Program& program, const std::string& name) {
    for (const Replayer* const replayer : {&one_, &other_}) {
      if (!replayer->engine().refusal(program).empty()) adapt(program, replayer->engine());
      if (!replayer->engine().refusal(program).empty()) {
        ++refused_;
        return;
      }
    }
    const std::vector<Life::Part> expected = life_of(one_, program);
    const std::vector<Life::Part> found = life_of(other_, program);
    ++programs_;
    operations_ += program.operation_count;
    if (expected == found) return;
    if (++different_ <= most_shown) show(program, name, expected, found);
  }

  bool print_result() const {
    fmt::print("{} and {}: {} programs, {} operations; {} not possible; {} differ\n", one_.engine().name(),
               other_.engine().name(), programs_, operations_, refused_, different_);
    return different_ == 0;
  }

 private:
  static constexpr std::uint64_t most_shown = 10;

  // Decoding brings pages into a machine that has become smaller.
  static void adapt(Program& program, const Engine& engine) {
    engine.adapt(program);
    decode(encode(program), program);
  }

  const std::vector<Life::Part>& life_of(Replayer& replayer, const Program& program) {
    replayer.run(program, &life_);
    return life_.parts();
  }

  void show(const Program& program, const std::string& name, const std::vector<Life::Part>& expected,
            const std::vector<Life::Part>& found) const {
    const auto [one, other] = std::ranges::mismatch(expected, found);
    fmt::print("{}:\n{}", name, print(program));
    static const Life::Part nothing;
    show_part(one == expected.end() ? nothing : *one, other == found.end() ? nothing : *other);
    fmt::print("\n");
  }

  void show_part(const Life::Part& one, const Life::Part& other) const {
    if (one.operation == no_fact) {
      fmt::print("At the end, cpu {}:\n", one.cpu);
    } else {
      fmt::print("Operation {}, cpu {}:\n", one.operation + 1, one.cpu);
    }
    show_lines(one.seen, other.seen);
    show_lines(one.state, other.state);
  }

  // Those that only one has.
  void show_lines(const std::vector<std::string>& one, const std::vector<std::string>& other) const {
    const auto show = [](const Engine& engine, const std::vector<std::string>& lines,
                         const std::vector<std::string>& others) {
      for (const std::string& line : lines) {
        if (std::ranges::find(others, line) == others.end()) fmt::print("  {}: {}\n", engine.name(), line);
      }
    };
    show(one_.engine(), one, other);
    show(other_.engine(), other, one);
  }

  Replayer one_;
  Replayer other_;
  Life life_;
  std::uint64_t programs_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t different_ = 0;
};

// The files' programs without their schedules, then the others.
bool compare_all(const Engine& one, const Engine& other, const CountAndFiles& inputs) {
  Comparison comparison(one, other);
  const auto program = std::make_unique<Program>();
  for (const Input& file : inputs.files) {
    *program = file.document.program;
    drop_schedule(*program);
    comparison.compare(*program, file.name);
  }
  const bool every = one.does_every_operation() && other.does_every_operation();
  SequentialPrograms programs(every ? Repertoire::all : Repertoire::modelled);
  for (std::uint64_t i = 0; i < inputs.count; ++i) {
    programs.next(*program);
    comparison.compare(*program, fmt::format("pseudo-random program {}", i));
  }
  return comparison.print_result();
}

int bad_usage(std::string_view message) {
  fmt::print(stderr, "compare: {}\n", message);
  return 2;
}

int run(std::span<char* const> arguments) {
  if (arguments.size() < 3) return bad_usage("expected ENGINE ENGINE COUNT FILE...");
  const auto one = select_engine(arguments[0]);
  const auto other = select_engine(arguments[1]);
  for (const auto* const engine : {&one, &other}) {
    if (const auto* const error = std::get_if<InputError>(engine)) return bad_usage(error->message);
  }
  const auto inputs = count_and_files(arguments.subspan(2));
  if (const auto* const error = std::get_if<InputError>(&inputs)) return bad_usage(error->message);
  const bool same =
      compare_all(*std::get<const Engine*>(one), *std::get<const Engine*>(other), std::get<CountAndFiles>(inputs));
  return same ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "compare: %s\n", error.what());
    return 1;
  }
}
