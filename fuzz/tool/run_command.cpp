#include "fuzz/tool/run_command.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <variant>

#include "fuzz/replay/replay.h"
#include "fuzz/tool/subjects.h"
#include "fuzz/triage/buckets.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t table_width = 100;

// Inputs up to this size are remembered, so that they need not be run twice: fuzzers make no larger ones, unless told.
constexpr std::size_t small_input = 4096;

class RunCommand {
 public:
  RunCommand(const RunOptions& options, Console& console, std::vector<Subject> subjects)
      : options_(options), console_(console), subjects_(std::move(subjects)), replay_(subjects_, limit_of(options)) {}

  ExitStatus run();

 private:
  // What came of an input on an engine, as far as it concerns copies of the input.
  struct Outcome {
    std::optional<std::uint64_t> hash;  // none: there is no result
    std::optional<std::size_t> bucket;  // none: it was as expected
  };

  static std::chrono::milliseconds limit_of(const RunOptions& options) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(options.timeout));
  }

  bool is_single() const;
  void replay_all();
  bool visit(const std::variant<RawInput, InputError>& loaded);
  void run_input(const RawInput& input);
  void run_copy(const RawInput& copy, const std::vector<Outcome>& outcomes);
  Outcome judge(const Subject& subject, const RawInput& input, const Verdict& verdict);
  Outcome judge(const Subject& subject, const RawInput& input, const InternalError& error);
  Outcome judge(const Subject& subject, const RawInput& input, const Refusal& refusal);
  void note_missing_engines(const RawInput& text);
  Buckets::Kind kind(const Subject& subject, std::string oracle, std::string fact, bool with_trace) const;
  Buckets::Kind kind(const Subject& subject, const Verdict& verdict) const;
  std::size_t classify(const Buckets::Kind& kind, const RawInput& input);
  void show_verdicts(const Subject& subject, const Verdict& verdict);
  void show_what_holds(const Subject& subject, const Verdict& verdict);
  void show_surprises(const Subject& subject, const Verdict& verdict, const RawInput& input);
  void show_refusal(const Subject& subject, const Refusal& refusal, const RawInput& input);
  void show_hash(const Subject& subject, std::uint64_t hash, const RawInput& input);
  void show_trace(const Subject& subject, const RawInput& input);
  void show_summary();
  void finish();
  void bad_input(const InputError& error);

  Output& out() { return console_.out(); }

  const RunOptions& options_;
  Console& console_;
  std::vector<Subject> subjects_;
  IsolatedReplay replay_;
  bool single_ = false;  // one input was named
  Buckets buckets_;
  std::unordered_map<std::string, std::vector<Outcome>> seen_;  // of encoded inputs, by their bytes
  std::size_t files_ = 0;
  std::size_t copies_ = 0;  // of them: not run again
  std::size_t runs_ = 0;
  std::size_t refused_ = 0;    // runs that an engine cannot make
  std::size_t missing_ = 0;    // expectations of engines that are not in this build
  std::size_t surprises_ = 0;  // came out other than expected
  std::size_t bad_inputs_ = 0;
  bool failed_at_end_ = false;
};

ExitStatus RunCommand::run() {
  single_ = is_single();
  replay_all();
  finish();
  if (!single_ && files_ != 0) show_summary();
  if (surprises_ != 0 || failed_at_end_) return exit_violation;
  return bad_inputs_ != 0 ? exit_bad_input : exit_fine;
}

bool RunCommand::is_single() const {
  std::error_code ignored;
  const std::string& path = options_.paths.front();
  return options_.paths.size() == 1 && (path == "-" || (!fs::is_directory(path, ignored) && !is_archive(path)));
}

void RunCommand::replay_all() {
  try {
    for (const std::string& path : options_.paths) {
      if (!visit_inputs(path, [this](const auto& loaded) { return visit(loaded); })) return;
    }
  } catch (const std::system_error& error) {
    bad_input({fmt::format("cannot go on: {}", error.what())});
  }
}

// Returns whether to go on.
bool RunCommand::visit(const std::variant<RawInput, InputError>& loaded) {
  if (const auto* const error = std::get_if<InputError>(&loaded)) {
    bad_input(*error);
  } else {
    run_input(std::get<RawInput>(loaded));
  }
  return out().error() == 0;  // else nobody listens
}

void RunCommand::run_input(const RawInput& input) {
  // A text is judged by what it says in its place; and whoever writes one wants an answer.
  const bool text = is_text(input.path, input.bytes);
  const bool remember = !text && input.bytes.size() <= small_input;
  if (const auto seen = remember ? seen_.find(input.bytes) : seen_.end(); seen != seen_.end()) {
    run_copy(input, seen->second);
    return;
  }
  std::vector<Outcome> outcomes;
  bool read = false;
  for (std::size_t i = 0; i < subjects_.size(); ++i) {
    if (!replay_.running()) out().flush();  // and see whether that fails
    const IsolatedReplay::Result result = replay_.run(i, input);
    if (const auto* const error = std::get_if<InputError>(&result)) {
      bad_input(*error);
      return;
    }
    read = read || !std::holds_alternative<InternalError>(result);
    if (const auto* const refusal = std::get_if<Refusal>(&result)) {
      outcomes.push_back(judge(subjects_[i], input, *refusal));
      continue;
    }
    ++runs_;
    if (const auto* const error = std::get_if<InternalError>(&result)) {
      outcomes.push_back(judge(subjects_[i], input, *error));
    } else {
      outcomes.push_back(judge(subjects_[i], input, std::get<Verdict>(result)));
    }
  }
  if (read && text) note_missing_engines(input);
  ++files_;
  if (remember) seen_.emplace(input.bytes, std::move(outcomes));
}

// Runs are repeatable: a copy comes out as the first did.
void RunCommand::run_copy(const RawInput& copy, const std::vector<Outcome>& outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].hash.has_value()) show_hash(subjects_[i], *outcomes[i].hash, copy);
    if (!outcomes[i].bucket.has_value()) continue;
    ++surprises_;
    buckets_.add_to(*outcomes[i].bucket, {.path = copy.path, .size = copy.bytes.size()});
  }
  ++files_;
  ++copies_;
}

RunCommand::Outcome RunCommand::judge(const Subject& subject, const RawInput& input, const Verdict& verdict) {
  Outcome outcome{.hash = verdict.result.hash, .bucket = {}};
  const bool surprising = !verdict.as_expected();
  if (single_ && !options_.quiet) show_verdicts(subject, verdict);
  if (surprising) {
    outcome.bucket = classify(kind(subject, verdict), input);
    if (single_ || verdict.requirement.exact || !options_.trace.empty()) show_surprises(subject, verdict, input);
  }
  show_hash(subject, verdict.result.hash, input);
  if (!options_.trace.empty() && (surprising || (single_ && !options_.quiet))) show_trace(subject, input);
  return outcome;
}

RunCommand::Outcome RunCommand::judge(const Subject& subject, const RawInput& input, const InternalError& error) {
  if (single_) {
    out().print("{}: {}: internal error: {}\n", input.name(), subject.engine->name(), error.message);
    console_.show(error.output);
  }
  const Buckets::Kind what = kind(subject, "internal error", fact_of_message(error.message), false);
  return {.hash = {}, .bucket = classify(what, input)};
}

RunCommand::Outcome RunCommand::judge(const Subject& subject, const RawInput& input, const Refusal& refusal) {
  ++refused_;
  show_refusal(subject, refusal, input);
  if (refusal.as_expected()) return {};
  return {.hash = {}, .bucket = classify(kind(subject, "not possible", refusal.why, false), input)};
}

// What a text expects of them, builds check that have them. It has been read before without harm.
void RunCommand::note_missing_engines(const RawInput& text) {
  if (!options_.engines.empty() || options_.oracles.has_value()) return;
  const std::variant<Input, InputError> read = read_input(text.name(), text.bytes);
  const auto* const readable = std::get_if<Input>(&read);
  if (readable == nullptr) return;
  for (const Expectation& expectation : readable->document.expectations) {
    const auto is_it = [&](const Subject& subject) { return subject.engine->name() == expectation.engine; };
    if (!is_optional_engine(expectation.engine) || std::ranges::any_of(subjects_, is_it)) continue;
    ++missing_;
    if (single_ && !options_.quiet) out().print("{}: not in this build\n", expectation.engine);
  }
}

std::size_t RunCommand::classify(const Buckets::Kind& kind, const RawInput& input) {
  ++surprises_;
  return buckets_.add(kind, {.path = input.path, .size = input.bytes.size()});
}

// Where the trace is what one wants to see, the command asks for it.
Buckets::Kind RunCommand::kind(const Subject& subject, std::string oracle, std::string fact, bool with_trace) const {
  const auto rank = static_cast<std::size_t>(&subject - subjects_.data());
  std::string see = fmt::format("shootdown run --engine {}", subject.engine->name());
  if (options_.oracles.has_value()) see += " --oracles " + shell_word(*options_.oracles);
  if (!options_.defect.empty()) see += " --defect " + options_.defect;
  if (with_trace) see += " --trace";
  if (options_.timeout != RunOptions().timeout) see += fmt::format(" --timeout {}", options_.timeout);
  return {.rank = rank,
          .engine = std::string(subject.engine->name()),
          .oracle = std::move(oracle),
          .fact = std::move(fact),
          .see = std::move(see)};
}

// The first violation counts among those that should not be: it is what a fuzz target says, too.
Buckets::Kind RunCommand::kind(const Subject& subject, const Verdict& verdict) const {
  const OracleSet broken = verdict.requirement.wrongly_broken(verdict.result.broken);
  if (!broken.empty()) {
    const OracleId first = verdict.report.first(broken);
    return kind(subject, std::string(oracle_name(first)), fact_of_format(verdict.report.violation(first).kind()), true);
  }
  const OracleSet held = verdict.requirement.wrongly_held(verdict.result.broken);
  for (const OracleInfo& oracle : all_oracles()) {
    if (!held.contains(oracle.id)) continue;
    const bool judged = verdict.report.judged().contains(oracle.id);
    const std::string_view what = judged ? "holds, but should break" : "is not judged, but should break";
    return kind(subject, std::string(oracle.name), std::string(what), true);
  }
  return kind(subject, "", "", true);  // does not happen: one of the two is not empty
}

// Everything that was found and is no surprise.
void RunCommand::show_verdicts(const Subject& subject, const Verdict& verdict) {
  const std::string_view engine = subject.engine->name();
  const Requirement& requirement = verdict.requirement;
  const RunResult& result = verdict.result;
  const bool chosen = options_.oracles.has_value();
  const OracleSet expected = requirement.exact ? result.broken & requirement.oracles : OracleSet();
  const OracleSet unclaimed = requirement.exact || chosen ? OracleSet() : result.broken - requirement.oracles;
  for (const OracleInfo& oracle : all_oracles()) {
    const std::string fact = verdict.report.violation(oracle.id).fact();
    if (expected.contains(oracle.id)) out().print("{}: breaks {} as expected: {}\n", engine, oracle.name, fact);
    if (unclaimed.contains(oracle.id))
      out().print("{}: breaks {}, which it does not claim: {}\n", engine, oracle.name, fact);
  }
  if (requirement.met_by(result.broken) && (!requirement.exact || requirement.oracles.empty()))
    show_what_holds(subject, verdict);
  const OracleSet asked = requirement.exact ? OracleSet::all() : requirement.oracles;
  const OracleSet not_judged = asked - verdict.report.judged();
  if (!not_judged.empty()) out().print("{}: not judged: {}\n", engine, names_of(not_judged));
}

// What nobody could judge does not hold.
void RunCommand::show_what_holds(const Subject& subject, const Verdict& verdict) {
  const std::string_view engine = subject.engine->name();
  const Requirement& requirement = verdict.requirement;
  const OracleSet judged = requirement.oracles & verdict.report.judged();
  if (requirement.exact) {
    out().print("{}: holds as expected\n", engine);
  } else if (judged.empty()) {
    return;
  } else if (!options_.oracles.has_value() && judged == requirement.oracles) {
    out().print("{}: holds all that it claims\n", engine);
  } else {
    out().print("{}: holds {}\n", engine, judged == OracleSet::all() ? "every guarantee" : names_of(judged));
  }
}

void RunCommand::show_surprises(const Subject& subject, const Verdict& verdict, const RawInput& input) {
  const std::string_view engine = subject.engine->name();
  const Requirement& requirement = verdict.requirement;
  const std::string place = requirement.line != 0 ? fmt::format("{}:{}", input.name(), requirement.line) : input.name();
  for (const OracleInfo& oracle : all_oracles()) {
    if (requirement.wrongly_broken(verdict.result.broken).contains(oracle.id)) {
      out().print("{}: {} breaks {} unexpectedly: {}\n", place, engine, oracle.name,
                  verdict.report.violation(oracle.id).fact());
    }
    if (requirement.wrongly_held(verdict.result.broken).contains(oracle.id))
      out().print("{}: {} does not break {}, which was expected{}\n", place, engine, oracle.name,
                  verdict.report.judged().contains(oracle.id) ? "" : ": it is not judged");
  }
  if (single_ && options_.trace.empty())
    out().print("  to see it: {} {}\n", kind(subject, verdict).see, shell_path(input.path));
}

// An engine that was named must not be silent.
void RunCommand::show_refusal(const Subject& subject, const Refusal& refusal, const RawInput& input) {
  const std::string_view engine = subject.engine->name();
  if (!refusal.as_expected()) {
    out().print("{}:{}: {} cannot run it, but should: {}\n", input.name(), refusal.requirement.line, engine,
                refusal.why);
  } else if (single_ && !options_.quiet) {
    out().print("{}: {} cannot run it: {}\n", input.name(), engine, refusal.why);
  }
}

void RunCommand::show_hash(const Subject& subject, std::uint64_t hash, const RawInput& input) {
  if (options_.hash) out().print("{:016x}  {}  {}\n", hash, subject.engine->name(), input.name());
}

// Runs the input once more, here: it did so without harm.
void RunCommand::show_trace(const Subject& subject, const RawInput& input) {
  const char* const no_colour = std::getenv("NO_COLOR");
  const TraceOptions options{.full = options_.trace == "full",
                             .width = options_.width,
                             .colour = out().is_terminal() && (no_colour == nullptr || *no_colour == '\0')};
  const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
  if (const auto* const readable = std::get_if<Input>(&read)) {
    Replayer replayer(*subject.engine, subject.defect);  // gone when another process is started
    out().print("\n{}\n", replayer.trace(readable->document.program, options));
  }
}

void RunCommand::show_summary() {
  if (!buckets_.empty()) out().print("{}", buckets_.render(table_width, options_.list));
  if (options_.quiet) return;
  for (const Subject& subject : subjects_) {
    const OracleSet not_judged = OracleSet::all() - judged_with(subject.engine->sends());
    if (!not_judged.empty()) out().print("{}: not judged: {}\n", subject.engine->name(), names_of(not_judged));
  }
  const std::string copies = copies_ == 0 ? "" : fmt::format(" ({} of them copies)", copies_);
  const std::string verdict = surprises_ == 0 ? "all as expected" : fmt::format("{} not as expected", surprises_);
  out().print("{}{}{}, {}, {}: {}", buckets_.empty() ? "" : "\n", counted(files_, "file"), copies,
              counted(subjects_.size(), "engine"), counted(runs_, "run"), verdict);
  if (buckets_.size() > 1) out().print(" in {} buckets", buckets_.size());
  if (refused_ != 0) out().print("; {} not possible", counted(refused_, "run"));
  if (missing_ != 0) out().print("; {} of engines that are not in this build", counted(missing_, "expectation"));
  if (bad_inputs_ != 0) out().print("; {}", counted(bad_inputs_, "bad input"));
  out().print("\n");
}

void RunCommand::finish() {
  const std::optional<InternalError> error = replay_.finish();
  if (!error.has_value()) return;
  failed_at_end_ = true;
  out().print("internal error, found when all inputs had been run: {}\n", error->message);
  console_.show(error->output);
}

void RunCommand::bad_input(const InputError& error) {
  ++bad_inputs_;
  console_.error(error.message);
}

}  // namespace

ExitStatus run_command(const RunOptions& options, Console& console, std::span<const Engine* const> engines) {
  std::variant<std::vector<Subject>, InputError> subjects =
      select_subjects({.engines = options.engines, .oracles = options.oracles, .defect = options.defect}, engines);
  if (const auto* const error = std::get_if<InputError>(&subjects)) {
    console.error(error->message);
    return exit_bad_input;
  }
  return RunCommand(options, console, std::get<std::vector<Subject>>(std::move(subjects))).run();
}

}  // namespace shootdown
