// How far a command has come that has many things to do: in one line, which it writes again and again; nothing where
// nobody looks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "fuzz/io/output.h"

namespace shootdown {

class WorkProgress {
 public:
  // `what` there are many of: "trials".
  WorkProgress(Output& out, std::string_view what) : out_(out), what_(what), shown_(out.is_terminal()) {}

  void show(std::size_t made, std::size_t all) {
    if (!shown_) return;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun_;
    const double left = spent.count() / static_cast<double>(made) * static_cast<double>(all - made);
    out_.print("\r\x1b[K  {} of {} {}, {:.0f} s left", grouped(made), grouped(all), what_, left);
    out_.flush();
  }
  void clear() {
    if (shown_) out_.print("\r\x1b[K");
  }

 private:
  Output& out_;
  std::string_view what_;
  bool shown_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace shootdown
