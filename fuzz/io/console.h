// Where a command speaks, and how it ends.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "fuzz/io/output.h"

namespace shootdown {

// The exit status of a command. A violation counts more than a bad input: it is what a run is for.
enum ExitStatus : int {
  exit_fine = 0,
  exit_violation = 1,  // something came out other than expected
  exit_bad_input = 2,  // bad usage, an input that cannot be read, output that cannot be written
  exit_undecided = 3,  // a search has ended before it came to a verdict
};

// What a command that has several things to do ends with: the graver of two.
constexpr ExitStatus graver(ExitStatus one, ExitStatus other) {
  for (const ExitStatus status : {exit_violation, exit_bad_input, exit_undecided}) {
    if (one == status || other == status) return status;
  }
  return exit_fine;
}

class Console {
 public:
  Console(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}

  Output& out() { return out_; }
  // Prints "shootdown: MESSAGE" to where errors go.
  void error(std::string_view message) { show(fmt::format("shootdown: {}\n", message)); }
  // Prints a text there as it is.
  void show(std::string_view text) {
    out_.flush();
    std::fwrite(text.data(), 1, text.size(), err_);
    std::fflush(err_);
  }
  // Writes a file (output.h). Returns whether that was possible, and says why not.
  bool save(const std::filesystem::path& path, std::string_view bytes) {
    return is_saved(path, save_file(path, bytes));
  }
  // The same, before anything is there to be written; of no path it is.
  bool can_save(const std::optional<std::string>& path) {
    return !path.has_value() || is_saved(*path, try_save_file(*path));
  }
  // The same of what somebody else has written: an errno, 0: it is.
  bool is_saved(const std::filesystem::path& path, int failed) {
    if (failed == 0) return true;
    const std::string why = std::generic_category().message(failed);
    error(fmt::format("{}: cannot write: {}", printable(path.string()), why));
    return false;
  }

  // Whether a command that was told to write to `to` prints: it names nothing, or "-".
  static bool is_output(std::string_view to) { return to.empty() || to == "-"; }
  // Prints bytes, or saves them, where a command was told to write to.
  ExitStatus deliver(const std::string& to, std::string_view bytes) {
    if (!is_output(to)) return save(to, bytes) ? exit_fine : exit_bad_input;
    out_.write(bytes);
    return exit_fine;
  }

 private:
  Output out_;
  std::FILE* err_;
};

}  // namespace shootdown
