#include "fuzz/tool/assemble_command.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "fuzz/io/output.h"
#include "fuzz/language/codec.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

ExitStatus assemble_file(const AssembleOptions& options, Console& console) {
  const std::variant<Input, InputError> loaded = load_input(options.from);
  if (const auto* const error = std::get_if<InputError>(&loaded)) {
    console.error(error->message);
    return exit_bad_input;
  }
  const Input& input = std::get<Input>(loaded);
  if (!input.text) {
    console.error(
        fmt::format("{}: is not a program as text; expected a first line 'shootdown {}'", input.name, format_version));
    return exit_bad_input;
  }
  if (Console::is_output(options.to) && console.out().is_terminal()) {
    console.error("an encoded program is not for a terminal; use -o OUT or redirect the output");
    return exit_bad_input;
  }
  return console.deliver(options.to, as_characters(encode(input.document.program)));
}

// Encodes the texts of a folder into another.
class FolderAssembly {
 public:
  FolderAssembly(fs::path from, fs::path to, Console& console)
      : from_(std::move(from)), to_(std::move(to)), console_(console) {}

  ExitStatus run() {
    const Listing found = list_inputs(from_);
    for (const InputError& error : found.errors) fail(error.message);
    if (found.inputs.empty()) return status_;
    for (const fs::path& path : found.inputs) {
      if (!is_archive(path)) assemble(path);
    }
    console_.out().print("{} text{} encoded into {}\n", count_, count_ == 1 ? "" : "s", printable(to_.string()));
    return status_;
  }

 private:
  void assemble(const fs::path& path) {
    const std::variant<Input, InputError> loaded = load_input(path.string());
    if (const auto* const error = std::get_if<InputError>(&loaded)) return fail(error->message);
    const Input& input = std::get<Input>(loaded);
    if (!input.text) return;
    const fs::path target = to_ / path.lexically_relative(from_).replace_extension();
    const auto [other, is_new] = sources_.emplace(target, path);
    if (!is_new) {
      return fail(fmt::format("{}: cannot be encoded into {}: that is from {}", input.name, printable(target.string()),
                              printable(other->second.string())));
    }
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) {
      return fail(
          fmt::format("{}: cannot make the folder: {}", printable(target.parent_path().string()), error.message()));
    }
    if (console_.save(target, as_characters(encode(input.document.program)))) {
      ++count_;
    } else {
      status_ = exit_bad_input;
    }
  }

  void fail(std::string_view message) {
    console_.error(message);
    status_ = exit_bad_input;
  }

  fs::path from_;
  fs::path to_;
  Console& console_;
  std::map<fs::path, fs::path> sources_;  // of what was written
  std::size_t count_ = 0;
  ExitStatus status_ = exit_fine;
};

}  // namespace

ExitStatus assemble_command(const AssembleOptions& options, Console& console) {
  std::error_code ignored;
  if (options.from == "-" || !fs::is_directory(options.from, ignored)) return assemble_file(options, console);
  if (options.to.empty()) {
    console.error(
        fmt::format("{}: is a folder; use -o OUT to name the folder for the encoded files", printable(options.from)));
    return exit_bad_input;
  }
  return FolderAssembly(options.from, options.to, console).run();
}

}  // namespace shootdown
