// How far a command has come: in one line on a terminal, which it writes again and again; nothing where nobody looks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "fuzz/io/output.h"

namespace shootdown {

class ProgressLine {
 public:
  explicit ProgressLine(Output& out) : out_(out), shown_(out.is_terminal()) {}

  bool is_shown() const { return shown_; }
  // Since it was made.
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count(); }

  // In place of what is there.
  void write(std::string_view text) {
    if (!shown_) return;
    out_.print("\r\x1b[K  {}", text);
    out_.flush();
    written_ = true;
  }
  void clear() {
    if (written_) out_.print("\r\x1b[K");
    written_ = false;
  }

 private:
  Output& out_;
  bool shown_;
  bool written_ = false;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// Of who has many things to do: "3 of 10 trials, 12 s left".
class WorkProgress {
 public:
  // `what` there are many of: "trials".
  WorkProgress(Output& out, std::string_view what) : line_(out), what_(what) {}

  void show(std::size_t made, std::size_t all) {
    if (!line_.is_shown()) return;
    const double left = line_.seconds() / static_cast<double>(made) * static_cast<double>(all - made);
    line_.write(fmt::format("{} of {} {}, {:.0f} s left", grouped(made), grouped(all), what_, left));
  }
  void clear() { line_.clear(); }

 private:
  ProgressLine line_;
  std::string_view what_;
};

}  // namespace shootdown
