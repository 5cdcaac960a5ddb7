// Holds two engines against each other.
//
// Usage: compare ENGINE ENGINE COUNT FILE...
//        compare --schedules EXPLAINED ENGINE ENGINE COUNT FILE...
//
// The first runs programs without a race, on several CPUs, one operation after the other: those of the files, without their
// schedules, and COUNT pseudo-random ones. What threads see must be the same, and how the kernel is after each operation
// (account.h). Of the first ten programs that differ it prints where they do.
//
// The second runs each file's program under COUNT pseudo-random schedules. The guarantees that are broken under any of them, among
// those that both engines can be judged by, must be the same. So many schedules may not show what is rare: what only one engine
// breaks is a reason to look. Those differences whose reason is known are not counted; EXPLAINED is a file that lists them
// (engine/linux/differences).
//
// An ENGINE may have a mistake planted, ENGINE:DEFECT: then there must be a difference.
//
// Linux makes a mistake that the model does not, and that needs no race (freed-for-others): what a program does in which that makes
// a difference on the model is explained by it, and not looked at further.
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

#include "fuzz/checks/account.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/schedules.h"
#include "fuzz/checks/sequential_programs.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

// An engine, and the mistake that it makes.
struct Side {
  const Engine* engine = nullptr;
  Defect defect = Defect::none;
};

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

class Comparison {
 public:
  Comparison(const Side& one, const Side& other)
      : one_(*one.engine, one.defect),
        other_(*other.engine, other.defect),
        right_(*one.engine),
        as_linux_(*one.engine, Defect::freed_for_others) {}

  void compare(Program& program, const std::string& name) {
    if (!adapt(program)) return;
    const std::vector<Account::Part> expected = account_of(one_, program);
    const std::vector<Account::Part> found = account_of(other_, program);
    ++programs_;
    operations_ += program.operation_count;
    if (expected == found) return;
    if (is_explained(program)) {
      ++explained_;
      return;
    }
    if (++different_ <= most_shown) show(program, name, expected, found);
  }

  void compare_under_schedules(Program& program, const std::string& name, std::uint64_t count,
                               const Explained& explained) {
    if (!adapt(program)) return;
    const OracleSet judged = judged_with(one_.engine().sends()) & judged_with(other_.engine().sends());
    const OracleSet expected = broken_under_schedules(one_, program, count) & judged;
    const OracleSet found = broken_under_schedules(other_, program, count) & judged;
    ++programs_;
    operations_ += program.operation_count;
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
    if (differs) ++different_;
  }

  bool print_result() const {
    fmt::print("{} and {}: {} programs, {} operations; {} not possible; {} explained; {} differ\n",
               one_.engine().name(), other_.engine().name(), programs_, operations_, refused_, explained_, different_);
    return different_ == 0;
  }

 private:
  static constexpr std::uint64_t most_shown = 10;

  // Returns whether both engines can run it.
  bool adapt(Program& program) {
    for (const Engine* const engine : {&one_.engine(), &other_.engine()}) {
      if (engine->refusal(program).empty()) continue;
      engine->adapt(program);
      // Decoding brings pages into a machine that has become smaller.
      decode(encode(program), program);
    }
    const bool refused = !one_.engine().refusal(program).empty() || !other_.engine().refusal(program).empty();
    if (refused) ++refused_;
    return !refused;
  }

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

  bool is_explained(const Program& program) {
    const std::vector<Account::Part> right = account_of(right_, program);
    return right != account_of(as_linux_, program);
  }

  const std::vector<Account::Part>& account_of(Replayer& replayer, const Program& program) {
    replayer.run(program, &account_);
    return account_.parts();
  }

  void show(const Program& program, const std::string& name, const std::vector<Account::Part>& expected,
            const std::vector<Account::Part>& found) const {
    const auto [one, other] = std::ranges::mismatch(expected, found);
    fmt::print("{}:\n{}", name, print(program));
    static const Account::Part nothing;
    show_part(one == expected.end() ? nothing : *one, other == found.end() ? nothing : *other);
    fmt::print("\n");
  }

  void show_part(const Account::Part& one, const Account::Part& other) const {
    fmt::print("{}:\n", one.place());
    show_lines(one.seen, other.seen);
    show_lines(one.state, other.state);
  }

  // Those that only one has.
  void show_lines(const std::vector<std::string>& one, const std::vector<std::string>& other) const {
    show_missing(one_.engine(), one, other);
    // NOLINTNEXTLINE(readability-suspicious-call-argument): the other way round is what is meant
    show_missing(other_.engine(), other, one);
  }

  // Lines of an engine that are not among another one's.
  static void show_missing(const Engine& engine, const std::vector<std::string>& lines,
                           const std::vector<std::string>& others) {
    for (const std::string& line : lines) {
      if (std::ranges::find(others, line) == others.end()) fmt::print("  {}: {}\n", engine.name(), line);
    }
  }

  Replayer one_;
  Replayer other_;
  Replayer right_;     // the first, without a mistake,
  Replayer as_linux_;  // and with Linux's
  Account account_;
  std::uint64_t programs_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t explained_ = 0;
  std::uint64_t different_ = 0;
};

// The files' programs without their schedules, then the others.
bool compare_all(const Side& one, const Side& other, const CountAndFiles& inputs) {
  Comparison comparison(one, other);
  const auto program = std::make_unique<Program>();
  for (const Input& file : inputs.files) {
    *program = file.document.program;
    make_sequential(*program);
    comparison.compare(*program, file.name);
  }
  SequentialPrograms programs;
  for (std::uint64_t i = 0; i < inputs.count; ++i) {
    programs.next(*program);
    comparison.compare(*program, fmt::format("pseudo-random program {}", i));
  }
  return comparison.print_result();
}

bool compare_all_under_schedules(const Side& one, const Side& other, const CountAndFiles& inputs,
                                 const Explained& explained) {
  Comparison comparison(one, other);
  const auto program = std::make_unique<Program>();
  for (const Input& file : inputs.files) {
    *program = file.document.program;
    comparison.compare_under_schedules(*program, file.name, inputs.count, explained);
  }
  return comparison.print_result();
}

// ENGINE or ENGINE:DEFECT.
std::variant<Side, InputError> select_side(std::string_view text) {
  const std::size_t end = std::min(text.find(':'), text.size());
  const auto engine = select_engine(text.substr(0, end));
  if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
  Side side{.engine = std::get<const Engine*>(engine)};
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
  const Side& first = std::get<Side>(one);
  const Side& second = std::get<Side>(other);
  const CountAndFiles& files = std::get<CountAndFiles>(inputs);
  return schedules ? compare_all_under_schedules(first, second, files, std::get<Explained>(explained))
                   : compare_all(first, second, files);
}

}  // namespace

int main(int argc, char** argv) {
  return run_check(argc, argv, "compare", compare);
}
