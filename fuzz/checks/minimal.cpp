// Makes findings as small as they can be, and checks that nothing can be left out of what comes of them.
//
// Usage: minimal [--list] [--engine NAME] COUNT FILE...
//
// Of each planted mistake that can be seen, of each guarantee that an engine does not claim, and of each that Linux breaks, the first
// FILE is taken that shows it; with --engine, of that engine alone. Findings are mutants of these, every other one under PCT and
// some of them large, until there are COUNT. What is left of each must break the same in the same way; and without any line of its
// text, an operation with its exceptions or an exception alone, it must not. That is found out from the text, whatever Minimizer
// thinks of it. With --list each is printed.
//
// Exit status: 0; 1 something can be left out, or is not what it was; 2 bad usage.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/defects.h"
#include "engine/sched/random.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/language/arrangement.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/corpus_and_mutants.h"
#include "fuzz/triage/examination.h"
#include "fuzz/triage/minimize.h"

namespace {

using namespace shootdown;

// What is to be broken: with each mistake what an engine claims that shows it; what an engine does not claim; and of Linux anything.
std::vector<Subject> all_subjects(const std::vector<const Engine*>& engines) {
  std::vector<Subject> subjects;
  for (const Engine* const engine : engines) {
    const OracleSet claimed = is_optional_engine(engine->name()) ? OracleSet() : claims_of(*engine);
    for (const OracleInfo& oracle : all_oracles()) {
      if (!claimed.contains(oracle.id)) subjects.push_back({.engine = engine, .oracles = OracleSet::only(oracle.id)});
    }
  }
  for (const DefectInfo& defect : all_defects()) {
    if (defect.engine == no_engine) continue;
    const Engine* const engine = defect.engine == any_engine ? model_engines().back() : find_engine(defect.engine);
    if (std::ranges::find(engines, engine) == engines.end()) continue;
    subjects.push_back({.engine = engine, .oracles = claims_of(*engine), .defect = defect.id});
  }
  return subjects;
}

// --- one subject ---

class FindingsOf {
 public:
  FindingsOf(const Subject& subject, const std::vector<CorpusProgram>& corpus)
      : examiner_({subject}), subject_(subject) {
    const auto shows = [&](const CorpusProgram& story) { return examined(program_of(story)).has_value(); };
    const auto story = std::ranges::find_if(corpus, shows);
    if (story != corpus.end()) story_ = *story;
  }

  bool none() const { return !story_.has_value(); }

  // The first of some mutants that breaks something, or else the story itself; in one case of four grown to many times its size.
  Program draw(std::uint64_t seed) {
    constexpr std::size_t most = 200;
    const std::vector<CorpusProgram> corpus{*story_};
    const CorpusAndMutants mutants(corpus, seed);
    SplitMix64 random(seed);
    Program program;
    for (std::size_t number = 1; number < most; ++number) {
      mutants.get(number, program);
      if (seed % 2 != 0) draw_schedule(program, random);
      if (examined(program).has_value()) return seed % 4 < 3 ? program : grown(program, random);
    }
    return program_of(*story_);
  }

  // By mutants that are larger, as long as they break something.
  Program grown(Program program, SplitMix64& random) {
    constexpr int generations = 100;
    const auto next = std::make_unique<Program>();
    for (int i = 0; i < generations; ++i) {
      decode(mutant_of(encode(program), random), *next);
      if (next->operation_count >= program.operation_count && examined(*next).has_value()) program = *next;
    }
    return program;
  }

  // What it breaks, as it is said; or none.
  std::optional<Examination> examined(const Program& program) {
    const std::vector<std::uint8_t> bytes = encode(program);
    const Examiner::Result result = examiner_.examine({.path = "", .bytes = std::string(as_characters(bytes))});
    const auto* const examination = std::get_if<Examination>(&result);
    if (examination == nullptr || !examination->first.has_value()) return std::nullopt;
    return *examination;
  }

  std::string name() const {
    const std::string_view defect = subject_.defect == Defect::none ? "nothing" : defect_name(subject_.defect);
    return fmt::format("{} with {}", subject_.engine->name(), defect);
  }

  const Subject& subject() const { return subject_; }

 private:
  static Program program_of(const CorpusProgram& story) {
    Program program;
    decode(story.encoded, program);
    return program;
  }

  Examiner examiner_;
  Subject subject_;
  std::optional<CorpusProgram> story_;
};

// --- one finding ---

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The text without a line that says an operation or an exception; of an operation, without its exceptions. Empty for any other.
std::string without_line(const std::vector<std::string>& lines, std::size_t number) {
  const auto is_exception = [](const std::string& line) { return line.starts_with("  after "); };
  std::size_t end = number + 1;
  if (lines[number].starts_with("cpu ")) {
    while (end < lines.size() && is_exception(lines[end])) ++end;
  } else if (!is_exception(lines[number])) {
    return {};
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i < number || i >= end) text += lines[i] + "\n";
  }
  return text;
}

// What is wrong with a program that has been made small; empty: nothing.
std::string fault_of(FindingsOf& findings, const Program& program, const std::string& bucket) {
  const auto bucket_of = [&](const Program& other) {
    const std::optional<Examination> examination = findings.examined(other);
    return examination.has_value() ? examination->bucket() : std::string();
  };
  if (bucket_of(program) != bucket) return fmt::format("breaks something else: {}", bucket_of(program));
  const std::vector<std::string> lines = lines_of(print(program));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string less = without_line(lines, i);
    if (less.empty()) continue;
    if (bucket_of(std::get<Document>(parse(less)).program) == bucket)
      return fmt::format("does not need the line '{}'", lines[i]);
  }
  return {};
}

struct Totals {
  std::uint64_t findings = 0;
  std::uint64_t operations[2]{};  // before and after
  std::uint64_t exceptions[2]{};
  std::uint64_t runs = 0;
  std::uint64_t most_operations = 0;
  std::uint64_t most_exceptions = 0;
  double seconds = 0;
  double longest = 0;
};

void count(Totals& totals, const Program& before, const Program& after, std::uint64_t runs, double seconds) {
  ++totals.findings;
  totals.operations[0] += before.operation_count;
  totals.operations[1] += after.operation_count;
  totals.exceptions[0] += before.exception_count;
  totals.exceptions[1] += after.exception_count;
  totals.most_operations = std::max<std::uint64_t>(totals.most_operations, after.operation_count);
  totals.most_exceptions = std::max<std::uint64_t>(totals.most_exceptions, after.exception_count);
  totals.runs += runs;
  totals.seconds += seconds;
  totals.longest = std::max(totals.longest, seconds);
}

// Returns whether all is well.
bool check_one(FindingsOf& findings, std::uint64_t seed, bool list, Totals& totals) {
  const Program before = findings.draw(seed);
  const std::optional<Examination> examination = findings.examined(before);
  const Examination::Break& broken = *examination->first;
  const auto begun = std::chrono::steady_clock::now();
  Minimizer minimizer(
      *broken.engine, broken.oracle, [&](const Report& report) { return broken.is_shown_by(report); },
      findings.subject().defect);
  const std::optional<Program> after = minimizer.minimized(before);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  const std::string fault =
      after.has_value() ? fault_of(findings, *after, examination->bucket()) : "was not shown again";
  if (after.has_value()) count(totals, before, *after, minimizer.runs(), seconds);
  if (list || !fault.empty())
    fmt::print("{}, seed {}: {}; {} and {} came to {} and {} by {} runs in {:.1f} s\n{}\n", findings.name(), seed,
               examination->bucket(), before.operation_count, before.exception_count,
               after.has_value() ? after->operation_count : 0, after.has_value() ? after->exception_count : 0,
               minimizer.runs(), seconds, print(after.value_or(before)));
  if (!fault.empty()) fmt::print("minimal: {}, seed {}: {}\n", findings.name(), seed, fault);
  std::fflush(stdout);
  return fault.empty();
}

bool check(const CountAndFiles& inputs, bool list) {
  std::vector<CorpusProgram> corpus;
  corpus.reserve(inputs.files.size());
  for (const Input& file : inputs.files) corpus.push_back({file.name, encode(file.document.program)});
  const std::vector<Subject> subjects = all_subjects(inputs.engines);
  Totals totals;
  bool good = true;
  // Spread over all subjects, however few are wanted.
  std::uint64_t drawn = 0;
  for (std::uint64_t i = 0; drawn < inputs.count && i < 4 * (inputs.count + subjects.size()); ++i) {
    constexpr std::size_t stride = 37;  // a prime
    FindingsOf findings(subjects[i * stride % subjects.size()], corpus);
    if (findings.none()) continue;
    good = check_one(findings, drawn++, list, totals) && good;
  }
  const auto mean = [&](std::uint64_t sum) {
    return static_cast<double>(sum) / static_cast<double>(std::max<std::uint64_t>(totals.findings, 1));
  };
  fmt::print(
      "{} findings: {:.1f} operations and {:.1f} exceptions came to {:.1f} and {:.1f} (at most {} and {}), by {:.0f} "
      "runs in {:.1f} s each (at most {:.1f})\n",
      totals.findings, mean(totals.operations[0]), mean(totals.exceptions[0]), mean(totals.operations[1]),
      mean(totals.exceptions[1]), totals.most_operations, totals.most_exceptions, mean(totals.runs),
      totals.seconds / static_cast<double>(std::max<std::uint64_t>(totals.findings, 1)), totals.longest);
  return good && totals.findings == inputs.count;
}

}  // namespace

int main(int argc, char** argv) {
  return run_check(argc, argv, "minimal", [](std::span<char* const> arguments) -> Checked {
    const bool list = !arguments.empty() && std::string_view(arguments.front()) == "--list";
    const std::variant<CountAndFiles, InputError> inputs = engine_count_and_files(arguments.subspan(list ? 1 : 0));
    if (const auto* const error = std::get_if<InputError>(&inputs)) return *error;
    return check(std::get<CountAndFiles>(inputs), list);
  });
}
