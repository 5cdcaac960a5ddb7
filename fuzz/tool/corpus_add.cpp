#include "fuzz/tool/corpus_add.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "fuzz/language/text.h"
#include "fuzz/triage/examination.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/minimize.h"
#include "fuzz/triage/regression.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

class CorpusAdd {
 public:
  CorpusAdd(const CorpusAddOptions& options, Console& console, std::span<const Engine* const> engines)
      : options_(options), console_(console), examiner_(engines) {}

  ExitStatus run();

 private:
  // A regression to be, and the input that it comes from: its name, and what it does.
  struct Candidate {
    Regression regression;
    std::string origin;
    std::shared_ptr<const Examination> examination;
  };

  using Note = void (CorpusAdd::*)(const RawInput& input, const Examination& examination);

  void visit(const std::string& path, Note note);
  std::optional<Examination> examine(const RawInput& input);
  void note_candidate(const RawInput& input, const Examination& examination);
  void note_known(const RawInput& input, const Examination& examination);
  void take(const Candidate& candidate);
  bool is_known(const Regression& regression, const std::string& origin);
  Regression made_small(const Candidate& candidate);
  void write(const Regression& regression, const Candidate& candidate);
  void fail(std::string_view message, ExitStatus status);

  const CorpusAddOptions& options_;
  Console& console_;
  Examiner examiner_;
  std::vector<Candidate> candidates_;
  std::map<std::string, std::string> origins_;  // of the candidates, by digest
  // Names of the files that are in the folder: by digest, and by kind.
  std::map<std::string, std::string> programs_;
  std::map<std::string, std::string> kinds_;
  ExitStatus status_ = exit_fine;
};

ExitStatus CorpusAdd::run() {
  std::error_code ignored;
  if (fs::exists(options_.folder, ignored) && !fs::is_directory(options_.folder, ignored)) {
    console_.error(fmt::format("--to: {} is no folder", printable(options_.folder)));
    return exit_bad_input;
  }
  for (const std::string& path : options_.paths) visit(path, &CorpusAdd::note_candidate);
  if (fs::exists(options_.folder, ignored)) visit(options_.folder, &CorpusAdd::note_known);
  if (const std::optional<InternalError> error = examiner_.finish())
    fail(fmt::format("internal error, found when all inputs had been run: {}", error->message), exit_violation);
  std::ranges::sort(candidates_, {}, [](const Candidate& candidate) {
    return std::tie(candidate.regression.size, candidate.regression.digest);
  });
  for (const Candidate& candidate : candidates_) take(candidate);
  return status_;
}

// Has every input noted that a path names, or says what is wrong with it.
void CorpusAdd::visit(const std::string& path, Note note) {
  visit_inputs(
      path,
      [&](const std::variant<RawInput, InputError>& loaded) {
        if (const auto* const error = std::get_if<InputError>(&loaded)) {
          if (!error->no_input || path != options_.folder) fail(error->message, exit_bad_input);
        } else {
          const RawInput& input = std::get<RawInput>(loaded);
          if (const std::optional<Examination> examination = examine(input)) (this->*note)(input, *examination);
        }
        return true;
      },
      AflPart::crashes);
}

std::optional<Examination> CorpusAdd::examine(const RawInput& input) {
  Examiner::Result result = examiner_.examine(input);
  if (auto* const examination = std::get_if<Examination>(&result)) return std::move(*examination);
  if (const auto* const error = std::get_if<InternalError>(&result)) {
    fail(error->message + "; that is a fault of Shootdown, not of an engine", exit_violation);
  } else {
    fail(std::get<InputError>(result).message, exit_bad_input);
  }
  return std::nullopt;
}

void CorpusAdd::note_candidate(const RawInput& input, const Examination& examination) {
  std::optional<Regression> regression = make_regression(examination);
  if (!regression.has_value()) {
    fail(input.name() + ": breaks nothing on any engine, so it would be no regression", exit_violation);
    return;
  }
  const auto [other, is_new] = origins_.emplace(regression->digest, input.name());
  if (is_new) {
    candidates_.push_back({.regression = std::move(*regression),
                           .origin = input.name(),
                           .examination = std::make_shared<Examination>(examination)});
  } else {
    console_.out().print("{}: the same program as {}\n", input.name(), other->second);
  }
}

void CorpusAdd::note_known(const RawInput& input, const Examination& examination) {
  programs_.emplace(digest_of(examination.program), input.name());
  if (const std::optional<Regression> regression = make_regression(examination))
    kinds_.emplace(regression->kind, input.name());
}

void CorpusAdd::take(const Candidate& candidate) {
  if (is_known(candidate.regression, candidate.origin)) return;
  if (options_.as_is) return write(candidate.regression, candidate);
  const Regression small = made_small(candidate);
  // It may have broken more than is left of it.
  if (small.digest == candidate.regression.digest || !is_known(small, candidate.origin)) write(small, candidate);
}

// Whether there is one like it, which is said.
bool CorpusAdd::is_known(const Regression& regression, const std::string& origin) {
  if (const auto known = programs_.find(regression.digest); known != programs_.end()) {
    console_.out().print("{}: was there, from {}\n", known->second, origin);
    return true;
  }
  const auto same = kinds_.find(regression.kind);
  if (same == kinds_.end() || options_.all) return false;
  console_.out().print("{}: breaks what {} breaks; not taken (--all takes it)\n", origin, same->second);
  return true;
}

// As it is if it cannot be made smaller.
Regression CorpusAdd::made_small(const Candidate& candidate) {
  const Examination::Break& broken = *candidate.examination->first;
  Minimizer minimizer(*broken.engine, broken.oracle, [&](const Report& report) { return broken.is_shown_by(report); });
  const std::optional<Program> program = minimizer.minimized(candidate.examination->program);
  if (!program.has_value()) return candidate.regression;
  // As text, which an input of any name may be.
  const std::optional<Examination> examination = examine({.path = candidate.origin, .bytes = print(*program)});
  std::optional<Regression> small = examination.has_value() ? make_regression(*examination) : std::nullopt;
  return small.has_value() ? *std::move(small) : candidate.regression;
}

void CorpusAdd::write(const Regression& regression, const Candidate& candidate) {
  const fs::path path = fs::path(options_.folder) / regression.name;
  std::error_code error;
  fs::create_directories(options_.folder, error);
  if (!error) error = {save_file(path, regression.text), std::generic_category()};
  const std::string name = printable(path.string());
  if (error) return fail(fmt::format("{}: cannot write: {}", name, error.message()), exit_bad_input);
  console_.out().print("{}: added, from {}\n", name, candidate.origin);
  programs_.emplace(regression.digest, name);
  kinds_.emplace(regression.kind, name);
  kinds_.emplace(candidate.regression.kind, name);
}

// Of several statuses the lowest counts: that an input was refused, or has shown a fault of Shootdown.
void CorpusAdd::fail(std::string_view message, ExitStatus status) {
  console_.error(message);
  status_ = graver(status_, status);
}

}  // namespace

ExitStatus corpus_add_command(const CorpusAddOptions& options, Console& console,
                              std::span<const Engine* const> engines) {
  return CorpusAdd(options, console, engines).run();
}

}  // namespace shootdown
