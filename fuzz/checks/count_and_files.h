// Programs that check something: their exit status; and the arguments of those of the form "PROGRAM [--engine NAME] COUNT FILE...",
// which run the files and COUNT pseudo-random inputs on that engine, or on all.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "engine/zap/engines.h"
#include "fuzz/replay/replay.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

struct CountAndFiles {
  std::uint64_t count = 0;
  std::vector<Input> files;
  std::vector<const Engine*> engines{all_engines().begin(), all_engines().end()};
};

inline std::variant<std::uint64_t, InputError> count_in(std::string_view number) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error == std::errc() && end == number.data() + number.size()) return count;
  return InputError{fmt::format("expected a number of inputs, found '{}'", number)};
}

// Returns an error if they are not so.
inline std::variant<CountAndFiles, InputError> count_and_files(std::span<char* const> arguments) {
  if (arguments.empty()) return InputError{"expected COUNT FILE..."};
  CountAndFiles inputs;
  const auto count = count_in(arguments.front());
  if (const auto* const error = std::get_if<InputError>(&count)) return *error;
  inputs.count = std::get<std::uint64_t>(count);
  for (const char* const file : arguments.subspan(1)) {
    std::variant<Input, InputError> loaded = load_input(file);
    if (auto* const bad = std::get_if<InputError>(&loaded)) return std::move(*bad);
    inputs.files.push_back(std::get<Input>(std::move(loaded)));
  }
  return inputs;
}

// The same of arguments that may begin with an engine.
inline std::variant<CountAndFiles, InputError> engine_count_and_files(std::span<char* const> arguments) {
  if (arguments.empty() || std::string_view(arguments.front()) != "--engine") return count_and_files(arguments);
  if (arguments.size() == 1) return InputError{"--engine: expected a name"};
  const auto engine = select_engine(arguments[1]);
  if (const auto* const error = std::get_if<InputError>(&engine)) return *error;
  auto inputs = count_and_files(arguments.subspan(2));
  if (auto* const named = std::get_if<CountAndFiles>(&inputs)) named->engines = {std::get<const Engine*>(engine)};
  return inputs;
}

// What a check ends with: whether all is well, or what is wrong with its arguments.
using Checked = std::variant<bool, InputError>;

// Does what main() does for check(arguments), which are those behind the program's name. The exit status is 0 if all is well, 1 if it
// is not, and 2 if the arguments were bad or the output could not be written.
template <typename Check>
int run_check(int argc, char** argv, const char* name, const Check& check) {
  try {
    const Checked checked = check(std::span<char* const>(argv, static_cast<std::size_t>(argc)).subspan(1));
    if (const auto* const error = std::get_if<InputError>(&checked)) {
      fmt::print(stderr, "{}: {}\n", name, error->message);
      return 2;
    }
    if (std::fflush(stdout) == 0) return std::get<bool>(checked) ? 0 : 1;
    std::perror(name);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

// The same for one of that form.
inline int run_count_and_files(int argc, char** argv, const char* name, bool (*run)(const CountAndFiles&)) {
  return run_check(argc, argv, name, [&](std::span<char* const> arguments) -> Checked {
    const std::variant<CountAndFiles, InputError> inputs = engine_count_and_files(arguments);
    if (const auto* const error = std::get_if<InputError>(&inputs)) return *error;
    return run(std::get<CountAndFiles>(inputs));
  });
}

}  // namespace shootdown
