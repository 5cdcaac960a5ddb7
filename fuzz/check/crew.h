// Does the pieces of a part in several processes (fuzz/scoreboard/workers.h), each with another one at hand that may
// die: an engine that somebody has just written may fail in any way.
//
// Time is that of the clock, and the same in all of these processes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "fuzz/io/output.h"
#include "fuzz/scoreboard/workers.h"
#include "fuzz/triage/isolated_replay.h"
#include "fuzz/triage/isolation.h"

namespace shootdown {

using CheckClock = std::chrono::steady_clock;

inline CheckClock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<CheckClock::duration>(std::chrono::duration<double>(seconds));
}
// How long it is until then; 0 if it is over.
double seconds_until(CheckClock::time_point end);
// For calls that end by themselves then, or soon afterwards.
std::chrono::milliseconds limit_until(CheckClock::time_point end);
// Of the pieces of a part that are still to be done each has as much time; one that needs less leaves it to the others.
CheckClock::time_point end_of_piece(std::size_t piece, std::size_t pieces, std::size_t processes,
                                    CheckClock::time_point end);

struct CrewWork {
  std::size_t pieces = 0;
  std::chrono::milliseconds limit = default_run_limit;  // of each call
  // Does a piece in one of the processes, and returns what came of it. What may fail is to be done by the function
  // below, which `isolation` calls.
  std::function<std::string(std::size_t piece, Isolation& isolation)> work;
  std::function<std::string(std::string_view request)> serve;
  // In the caller's process: told of each piece that is done, in the order of their numbers.
  std::function<void(std::size_t piece, std::string_view result)> done;
};

class Crew {
 public:
  Crew(std::size_t processes, const HeldSignals& signals, Output& out)
      : processes_(processes), signals_(signals), out_(out) {}

  // `what` the pieces are, as people are told while it goes on: "stories". Returns whether all was done: not if a
  // signal has come. The caller must have no Replayer.
  bool work(std::string_view what, const CrewWork& work);

 private:
  std::size_t processes_;
  const HeldSignals& signals_;
  Output& out_;
};

// What is left of a call: its reply, or how it failed, in a line.
struct Answer {
  std::string reply;
  std::string failure;  // empty: none

  bool has_failed() const { return !failure.empty(); }
};
Answer ask(Isolation& isolation, std::string_view request);

// Answers on their way to the caller.
std::string packed(const Answer& answer);
Answer unpacked(std::string_view bytes);

}  // namespace shootdown
