#include "fuzz/tool/record_command.h"

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace {

class RecordCommand {
 public:
  RecordCommand(const RecordOptions& options, const Engine& engine, Console& console)
      : options_(options), console_(console), replayer_(engine) {}

  ExitStatus run();

 private:
  ExitStatus record_file(const std::string& file);
  ExitStatus record_input(Input& input);
  ExitStatus fail(std::string_view message, ExitStatus status);

  const RecordOptions& options_;
  Console& console_;
  Replayer replayer_;
};

ExitStatus RecordCommand::run() {
  ExitStatus status = exit_fine;
  for (const std::string& file : options_.files) status = graver(status, record_file(file));
  return status;
}

ExitStatus RecordCommand::record_file(const std::string& file) {
  std::variant<Input, InputError> loaded = load_input(file);
  if (const auto* const error = std::get_if<InputError>(&loaded)) return fail(error->message, exit_bad_input);
  auto& input = std::get<Input>(loaded);
  try {
    return record_input(input);
  } catch (const RefusedProgram& refused) {
    return fail(fmt::format("{}: {}", input.name, refused.what()), exit_bad_input);
  }
}

ExitStatus RecordCommand::record_input(Input& input) {
  Document& document = input.document;
  std::optional<Program> recorded = record(replayer_, document.program);
  if (!recorded) {
    return fail(fmt::format("{}: its schedule has no room in a program ({} operations with the ends of all threads, {} "
                            "exceptions)",
                            input.name, max_operations, max_exceptions),
                exit_violation);
  }
  document.program = options_.events ? with_events(replayer_, *recorded) : *std::move(recorded);
  if (options_.files.size() > 1) console_.out().print("# {}\n", input.name);
  console_.out().write(print(document));
  return exit_fine;
}

ExitStatus RecordCommand::fail(std::string_view message, ExitStatus status) {
  console_.error(message);
  return status;
}

}  // namespace

ExitStatus record_command(const RecordOptions& options, Console& console, std::span<const Engine* const> engines) {
  const std::variant<const Engine*, InputError> engine = select_engine(options.engine, engines);
  if (const auto* const error = std::get_if<InputError>(&engine)) {
    console.error(error->message);
    return exit_bad_input;
  }
  return RecordCommand(options, *std::get<const Engine*>(engine), console).run();
}

}  // namespace shootdown
