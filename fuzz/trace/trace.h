// What happened in a run, step by step, and the picture of it.
//
// A Trace records the steps of one run. render_trace shows them as people read
// an interleaving: a column for each CPU, a line for each step, the operations
// as headings, and what the oracles found at the step at which they found it.
// docs/reading-a-trace.md explains the picture.
//
// Only replays make traces: recording allocates. A run that is too long to be
// read is recorded up to a limit; the picture says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/program/program.h"
#include "engine/sched/step.h"
#include "oracles/report.h"

namespace shootdown {

// A step that was made, with what it found.
struct TracedStep {
  std::uint64_t number = 0;
  Step step{};
  int cpu = 0;
  int result_count = 0;
  std::array<std::uint64_t, max_words> results{};

  bool has_result() const { return result_count != 0; }
  std::uint64_t result() const { return results[0]; }
};

class Trace final : public TraceSink {
 public:
  // A CPU began an operation of the program, or (-1) what it does at its end, before steps()[before].
  struct Beginning {
    std::size_t before;
    int cpu;
    int operation;
  };

  static constexpr std::size_t default_limit = 500'000;

  // Records at most `limit` steps of a run.
  explicit Trace(std::size_t limit = default_limit) : limit_(limit) {}

  // Forgets everything, for another run.
  void clear();

  void step(std::uint64_t number, int cpu, const Step& step) override;
  void result(int cpu, std::uint64_t value) override;
  void operation(int cpu, int operation) override;

  const std::vector<TracedStep>& steps() const { return steps_; }
  const std::vector<Beginning>& beginnings() const { return beginnings_; }
  // Steps of the run that were not recorded.
  std::uint64_t missing() const { return missing_; }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::size_t limit_;
  std::vector<TracedStep> steps_;
  std::vector<Beginning> beginnings_;
  std::uint64_t missing_ = 0;
  std::array<std::size_t, max_cpus> last_{none, none, none, none, none, none, none, none};  // each CPU's last step
};

struct TraceOptions {
  bool full = false;    // every step; else those that tell the story
  int width = 120;      // of the whole picture
  bool colour = false;  // for violations
};

// The picture of a run of `program`. Ends with a newline.
std::string render_trace(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options);

}  // namespace shootdown
