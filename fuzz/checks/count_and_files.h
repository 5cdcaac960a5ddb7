// Programs of the form "PROGRAM COUNT FILE...", which run the files and COUNT pseudo-random inputs: their arguments,
// and their exit status.
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

#include "fuzz/triage/inputs.h"

namespace shootdown {

struct CountAndFiles {
  std::uint64_t count = 0;
  std::vector<Input> files;
};

// Returns an error if they are not so.
inline std::variant<CountAndFiles, InputError> count_and_files(std::span<char* const> arguments) {
  if (arguments.empty()) return InputError{"expected COUNT FILE..."};
  CountAndFiles inputs;
  const std::string_view number = arguments.front();
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), inputs.count);
  if (error != std::errc() || end != number.data() + number.size())
    return InputError{fmt::format("expected a number of inputs, found '{}'", number)};
  for (const char* const file : arguments.subspan(1)) {
    std::variant<Input, InputError> loaded = load_input(file);
    if (auto* const bad = std::get_if<InputError>(&loaded)) return std::move(*bad);
    inputs.files.push_back(std::get<Input>(std::move(loaded)));
  }
  return inputs;
}

// Does what main() does: `run` returns whether all is well. The exit status is 0 if it is, 1 if it is not, and 2 if the
// arguments were bad or the output could not be written.
inline int run_count_and_files(int argc, char** argv, const char* name, bool (*run)(const CountAndFiles&)) {
  try {
    const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
    const std::variant<CountAndFiles, InputError> inputs = count_and_files(arguments.subspan(1));
    if (const auto* const error = std::get_if<InputError>(&inputs)) {
      fmt::print(stderr, "{}: {}\n", name, error->message);
      return 2;
    }
    const bool well = run(std::get<CountAndFiles>(inputs));
    if (std::fflush(stdout) == 0) return well ? 0 : 1;
    std::perror(name);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace shootdown
