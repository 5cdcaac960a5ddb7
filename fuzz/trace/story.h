// What is told of a run, line by line: what a picture of it is made of, whether it is
// text (trace.h) or drawn (fuzz/explain).
//
// Every step has its line, and so have the operations that it belongs to, what a CPU
// waits for, and what the oracles found, at the step at which they found it. Which lines
// tell the story, and which are left out of a short picture, is said of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/events/event.h"
#include "engine/program/program.h"
#include "fuzz/trace/trace.h"
#include "oracles/report.h"

namespace shootdown {

struct StoryLine {
  enum class Kind : std::uint8_t {
    operation,  // a CPU begins one
    step,       // what an event did
    wait,       // what a CPU has to wait for
    access,     // of a kernel that is code
    verdict,    // an oracle, and the fact that violates its guarantee
  };

  Kind kind{};
  int cpu = -1;                         // whose column it is in; a verdict: who acted, or -1: found after the run
  std::optional<std::uint64_t> number;  // of the step, from 0
  std::string_view function;            // of a kernel that is code
  std::string text;
  // Its place among the trace's events; that of the event at which a verdict was found; behind all: found later.
  std::size_t event = 0;
  Fact operation = no_fact;  // that the CPU is in; no_fact: its thread ends
  OracleId oracle{};         // a verdict's
  bool own = true;        // the CPU does it in its operation; not an interrupt that it takes, nor its hardware unasked
  bool essential = true;  // it belongs to the story
};

// In the order in which they are shown.
std::vector<StoryLine> tell_story(const Program& program, const Trace& trace, const Report& report);

}  // namespace shootdown
