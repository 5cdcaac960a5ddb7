#include "fuzz/tool/minimize_command.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "fuzz/language/text.h"
#include "fuzz/tool/subjects.h"
#include "fuzz/triage/examination.h"
#include "fuzz/triage/inputs.h"
#include "fuzz/triage/minimize.h"

namespace shootdown {

namespace {

class MinimizeCommand {
 public:
  MinimizeCommand(const MinimizeOptions& options, Console& console, std::vector<Subject> subjects)
      : options_(options), console_(console), subjects_(std::move(subjects)), examiner_(subjects_) {}

  ExitStatus run();

 private:
  ExitStatus minimize_file(const std::string& file);
  ExitStatus minimize_examined(const std::string& name, const Examination& examination);
  ExitStatus refuse(const std::string& name, const Examination& examination);
  ExitStatus fail(std::string_view message, ExitStatus status);

  const MinimizeOptions& options_;
  Console& console_;
  std::vector<Subject> subjects_;
  Examiner examiner_;
};

ExitStatus MinimizeCommand::run() {
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) status = graver(status, minimize_file(file));
  return status;
}

ExitStatus MinimizeCommand::minimize_file(const std::string& file) {
  const std::variant<RawInput, InputError> loaded = load_bytes(file);
  if (const auto* const error = std::get_if<InputError>(&loaded)) return fail(error->message, exit_bad_input);
  const RawInput& input = std::get<RawInput>(loaded);
  const Examiner::Result result = examiner_.examine(input);
  if (const auto* const error = std::get_if<InputError>(&result)) return fail(error->message, exit_bad_input);
  if (const auto* const error = std::get_if<InternalError>(&result))
    return fail(error->message + "; that is a fault of Shootdown, not of an engine", exit_violation);
  const Examination& examination = std::get<Examination>(result);
  return examination.first.has_value() ? minimize_examined(input.name(), examination)
                                       : refuse(input.name(), examination);
}

ExitStatus MinimizeCommand::minimize_examined(const std::string& name, const Examination& examination) {
  const Examination::Break& broken = *examination.first;
  Minimizer minimizer(
      *broken.engine, broken.oracle, [&](const Report& report) { return broken.is_shown_by(report); },
      subjects_.front().defect);
  const Program& before = examination.program;
  const std::optional<Program> after = minimizer.minimized(before);
  if (!after.has_value()) return fail(fmt::format("{}: {}, but not again", name, examination.bucket()), exit_violation);
  std::string text = print(*after);
  if (options_.files.size() > 1) text.insert(0, fmt::format("# {}\n", name));
  if (const ExitStatus status = console_.deliver(options_.to, text); status != exit_fine) return status;
  console_.out().flush();
  console_.show(fmt::format("{}: {}\n  {} and {} -> {} and {}, by {}\n", name, examination.bucket(),
                            counted(before.operation_count, "operation"), counted(before.exception_count, "exception"),
                            after->operation_count, after->exception_count, counted(minimizer.runs(), "run")));
  return exit_fine;
}

// Says why there is nothing to be made smaller.
ExitStatus MinimizeCommand::refuse(const std::string& name, const Examination& examination) {
  if (!examination.expectations.empty()) {
    const bool one = subjects_.size() == 1;
    const std::string where = one ? std::string(subjects_.front().engine->name()) : "any engine";
    return fail(fmt::format("{}: breaks nothing that counts on {}, so there is nothing to keep", name, where),
                exit_violation);
  }
  const Engine& engine = *subjects_.front().engine;
  return fail(fmt::format("{}: {} cannot run it: {}", name, engine.name(), engine.refusal(examination.program)),
              exit_bad_input);
}

ExitStatus MinimizeCommand::fail(std::string_view message, ExitStatus status) {
  console_.error(message);
  return status;
}

}  // namespace

ExitStatus minimize_command(const MinimizeOptions& options, Console& console, std::span<const Engine* const> engines) {
  std::variant<std::vector<Subject>, InputError> subjects =
      select_subjects({.engines = options.engines, .oracles = options.oracles, .defect = options.defect}, engines);
  if (const auto* const error = std::get_if<InputError>(&subjects)) {
    console.error(error->message);
    return exit_bad_input;
  }
  return MinimizeCommand(options, console, std::get<std::vector<Subject>>(std::move(subjects))).run();
}

}  // namespace shootdown
