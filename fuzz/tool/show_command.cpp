#include "fuzz/tool/show_command.h"

#include <string_view>
#include <variant>

#include "fuzz/triage/examination.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

class ShowCommand {
 public:
  ShowCommand(const ShowOptions& options, Console& console) : options_(options), console_(console) {}

  ExitStatus run();

 private:
  ExitStatus show(const RawInput& input);
  ExitStatus show_examined(const RawInput& input);
  ExitStatus fail(std::string_view message, ExitStatus status = exit_bad_input);
  void head(const RawInput& input);

  const ShowOptions& options_;
  Console& console_;
  Examiner examiner_;
};

ExitStatus ShowCommand::run() {
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) {
    const std::variant<RawInput, InputError> loaded = load_bytes(file);
    ExitStatus came_out = exit_fine;
    if (const auto* const error = std::get_if<InputError>(&loaded)) {
      came_out = fail(error->message);
    } else {
      const RawInput& input = std::get<RawInput>(loaded);
      came_out = options_.expect || options_.bucket ? show_examined(input) : show(input);
    }
    status = graver(status, came_out);
  }
  return status;
}

ExitStatus ShowCommand::show(const RawInput& input) {
  const std::variant<Input, InputError> read = read_input(input.name(), input.bytes);
  if (const auto* const error = std::get_if<InputError>(&read)) return fail(error->message);
  head(input);
  console_.out().write(print(std::get<Input>(read).document.program));
  return exit_fine;
}

ExitStatus ShowCommand::show_examined(const RawInput& input) {
  const Examiner::Result result = examiner_.examine(input);
  if (const auto* const error = std::get_if<InputError>(&result)) return fail(error->message);
  if (const auto* const error = std::get_if<InternalError>(&result)) return fail(error->message, exit_violation);
  const Examination& examination = std::get<Examination>(result);
  head(input);
  console_.out().write(options_.bucket ? examination.bucket() + "\n" : examination.text());
  return exit_fine;
}

ExitStatus ShowCommand::fail(std::string_view message, ExitStatus status) {
  console_.error(message);
  return status;
}

// Says whose text it is that follows.
void ShowCommand::head(const RawInput& input) {
  if (options_.files.size() > 1) console_.out().print("# {}\n", input.name());
}

}  // namespace

ExitStatus show_command(const ShowOptions& options, Console& console) {
  return ShowCommand(options, console).run();
}

}  // namespace shootdown
