// Holds two engines against each other.
//
// Usage: compare ENGINE ENGINE COUNT FILE...
//        compare --schedules EXPLAINED ENGINE ENGINE COUNT FILE...
//
// The first runs programs without a race, on several CPUs, one operation after the other: those of the files, without their
// schedules, and COUNT pseudo-random ones. What comes of it must be the same (comparison.h). Of the first ten programs that differ
// it prints where they do.
//
// The second runs each file's program under COUNT pseudo-random schedules. The guarantees that are broken under any of them, among
// those that both engines can be judged by, must be the same. So many schedules may not show what is rare: what only one engine
// breaks is a reason to look. Those differences whose reason is known are not counted; EXPLAINED is a file that lists them
// (engine/linux/differences).
//
// An ENGINE may have a mistake planted, ENGINE:DEFECT: then there must be a difference.
//
// Programs that one of the engines refuses are changed as that engine sees fit.
//
// Exit status: 0 no difference; 1 there are some; 2 bad usage.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/schedules.h"
#include "fuzz/compare/comparison.h"
#include "fuzz/compare/sequential_programs.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

// Differences whose reason is known.
class Explained {
 public:
  // Lines of "FILE ORACLE"; others begin with #.
  static std::variant<Explained, InputError> read(const char* path) {
    std::ifstream file(path);
    Explained explained;
    for (std::string line; std::getline(file, line);) {
      const std::size_t end = line.find(' ');
      if (line.empty() || line.starts_with('#')) continue;
      const OracleInfo* const oracle = end == std::string::npos ? nullptr : find_oracle(line.substr(end + 1));
      if (oracle == nullptr) return InputError{fmt::format("{}: expected FILE ORACLE, found '{}'", path, line)};
      explained.broken_[line.substr(0, end)].insert(oracle->id);
    }
    if (!file.eof()) return InputError{fmt::format("{} cannot be read", path)};
    return explained;
  }

  OracleSet of(const std::string& file) const {
    const auto found = broken_.find(file);
    return found == broken_.end() ? OracleSet() : found->second;
  }

 private:
  std::map<std::string, OracleSet> broken_;
};

class ComparisonUnderSchedules {
 public:
  ComparisonUnderSchedules(const ComparedEngine& one, const ComparedEngine& other)
      : one_(*one.engine, one.defect), other_(*other.engine, other.defect) {}

  void compare(Program& program, const std::string& name, std::uint64_t count, const Explained& explained) {
    if (!adapt_to_both(program, one_.engine(), other_.engine())) {
      ++counts_.refused;
      return;
    }
    const OracleSet judged = judged_with(one_.engine().sends()) & judged_with(other_.engine().sends());
    const OracleSet expected = broken_under_schedules(one_, program, count) & judged;
    const OracleSet found = broken_under_schedules(other_, program, count) & judged;
    ++counts_.programs;
    counts_.operations += program.operation_count;
    bool differs = false;
    for (const OracleId id : oracle_ids) {
      if (expected.contains(id) == found.contains(id) || explained.of(name).contains(id)) continue;
      Replayer& breaks = expected.contains(id) ? one_ : other_;
      Replayer& holds = expected.contains(id) ? other_ : one_;
      const std::optional<Program> schedule = not_elsewhere(breaks, holds, program, id, count);
      if (!schedule) continue;
      fmt::print("{}: only {} breaks {}:\n{}\n", name, breaks.engine().name(), oracle_name(id), print(*schedule));
      differs = true;
    }
    if (differs) ++counts_.different;
  }

  const ComparisonCounts& counts() const { return counts_; }

 private:
  // The program with the first of the schedules by which an engine breaks something, if by none of them the other does: chance may
  // have kept that from what is rare there. Places are said by events, which are the same ones there.
  static std::optional<Program> not_elsewhere(Replayer& breaks, Replayer& holds, const Program& program, OracleId id,
                                              std::uint64_t count) {
    std::optional<Program> first;
    bool elsewhere = false;
    each_schedule(breaks, program, count, [&](Chooser& chooser) {
      std::optional<Program> recorded = record(breaks, program, chooser);
      if (!recorded) return false;
      if (!breaks.run(*recorded).broken.contains(id)) return false;
      elsewhere = holds.run(with_events(breaks, *recorded)).broken.contains(id);
      if (!first) first = recorded;
      return elsewhere;
    });
    if (elsewhere) return std::nullopt;
    return first ? first : program;
  }

  Replayer one_;
  Replayer other_;
  ComparisonCounts counts_;
};

// Returns whether there is no difference.
bool print_result(const ComparisonCounts& counts, const ComparedEngine& one, const ComparedEngine& other) {
  fmt::print("{}\n", counts.in_words(*one.engine, *other.engine));
  return counts.different == 0;
}

// The files' programs without their schedules, then the others.
bool compare_all(const ComparedEngine& one, const ComparedEngine& other, const CountAndFiles& inputs) {
  constexpr std::uint64_t most_shown = 10;
  Comparison comparison(one, other);
  const auto program = std::make_unique<Program>();
  const auto compare = [&](const std::string& name) {
    const std::string difference = comparison.compare(*program);
    if (!difference.empty() && comparison.counts().different <= most_shown)
      fmt::print("{}:\n{}{}\n", name, print(*program), difference);
  };
  for (const Input& file : inputs.files) {
    *program = file.document.program;
    make_sequential(*program);
    compare(file.name);
  }
  SequentialPrograms programs;
  for (std::uint64_t i = 0; i < inputs.count; ++i) {
    programs.next(*program);
    compare(fmt::format("pseudo-random program {}", i));
  }
  return print_result(comparison.counts(), one, other);
}

bool compare_all_under_schedules(const ComparedEngine& one, const ComparedEngine& other, const CountAndFiles& inputs,
                                 const Explained& explained) {
  ComparisonUnderSchedules comparison(one, other);
  const auto program = std::make_unique<Program>();
  for (const Input& file : inputs.files) {
    *program = file.document.program;
    comparison.compare(*program, file.name, inputs.count, explained);
  }
  return print_result(comparison.counts(), one, other);
}

// ENGINE or ENGINE:DEFECT.
std::variant<ComparedEngine, InputError> select_side(std::string_view text) {
  const std::size_t end = std::min(text.find(':'), text.size());
  const auto engine = select_engine(text.substr(0, end));
  if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
  ComparedEngine side{.engine = std::get<const Engine*>(engine)};
  if (end == text.size()) return side;
  const auto defect = select_defect(text.substr(end + 1));
  if (const auto* const error = std::get_if<InputError>(&defect)) return *error;
  side.defect = std::get<Defect>(defect);
  return side;
}

Checked compare(std::span<char* const> arguments) {
  const bool schedules = arguments.size() > 1 && std::string_view(arguments.front()) == "--schedules";
  std::variant<Explained, InputError> explained;
  if (schedules) {
    explained = Explained::read(arguments[1]);
    arguments = arguments.subspan(2);
  }
  if (arguments.size() < 3) return InputError{"expected ENGINE ENGINE COUNT FILE..., see fuzz/checks/compare.cpp"};
  const auto one = select_side(arguments[0]);
  const auto other = select_side(arguments[1]);
  const auto inputs = count_and_files(arguments.subspan(2));
  const auto error_of = [](const auto& result) { return std::get_if<InputError>(&result); };
  for (const InputError* const error : {error_of(explained), error_of(one), error_of(other), error_of(inputs)}) {
    if (error != nullptr) return *error;
  }
  const ComparedEngine& first = std::get<ComparedEngine>(one);
  const ComparedEngine& second = std::get<ComparedEngine>(other);
  const CountAndFiles& files = std::get<CountAndFiles>(inputs);
  return schedules ? compare_all_under_schedules(first, second, files, std::get<Explained>(explained))
                   : compare_all(first, second, files);
}

}  // namespace

int main(int argc, char** argv) {
  return run_check(argc, argv, "compare", compare);
}
