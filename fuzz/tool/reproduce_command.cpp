#include "fuzz/tool/reproduce_command.h"

#include <filesystem>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "fuzz/reproduce/reproducer.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

ExitStatus reproduce_command(const ReproduceOptions& options, Console& console) {
  const std::variant<Input, InputError> loaded = load_input(options.from);
  if (const auto* const error = std::get_if<InputError>(&loaded)) {
    console.error(error->message);
    return exit_bad_input;
  }
  const Input& input = std::get<Input>(loaded);
  const Program& program = input.document.program;
  const std::string why_not = why_not_in_c(program);
  if (!why_not.empty()) {
    console.error(fmt::format("{}: {}", input.name, why_not));
    return exit_bad_input;
  }
  return console.deliver(options.to, reproducer_of(program, std::filesystem::path(input.name).stem().string()));
}

}  // namespace shootdown
