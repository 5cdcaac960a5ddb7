// What happened in a run, step by step, and the picture of it.
//
// A Trace records the events of one run. render_trace shows its steps as people
// read an interleaving: a column for each CPU, a line for each step, the
// operations as headings, and what the oracles found at the step at which they
// found it. Where the kernel is code, a line also says in which of its functions; then
// what is a line is an event, and a step is an access to memory, of which most make no
// event: a full picture has a line for each of them, too. docs/reading-a-trace.md
// explains the picture.
//
// Only replays make traces: recording allocates. A run that is too long to be
// read is recorded up to a limit; the picture says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/events/observer.h"
#include "engine/program/program.h"
#include "oracles/report.h"

namespace shootdown {

// Whether an event is a step, or else a note.
bool is_step(const AnyEvent& event);
// Whether there is a line for it: it is a step, or says that its CPU waits.
bool has_line(const AnyEvent& event);

class Trace final : public Observer {
 public:
  static constexpr std::size_t default_limit = 500'000;

  // Records the last run that it is told of, at most `limit` steps of it; with `accesses`, every access to memory.
  explicit Trace(std::size_t limit = default_limit, bool accesses = false) : limit_(limit), wants_accesses_(accesses) {}

  EventSet watches() const override { return EventSet::all(); }
  void happened(const EventView& view, const World& world) override;
  bool watches_accesses() const override { return wants_accesses_; }
  void accesses(const MemoryAccess& access, const World& world) override;

  // In the order in which they happened, notes too.
  const std::vector<AnyEvent>& events() const { return events_; }
  // Of each of them, the function that it happened in; none: empty.
  const std::vector<std::string_view>& functions() const { return functions_; }
  // In the order in which they were made.
  struct Access {
    MemoryAccess what;
    std::string_view function;
    std::size_t before;  // the number of the event before which it was made
  };
  const std::vector<Access>& all_accesses() const { return accesses_; }
  // Steps among them.
  std::size_t steps() const { return steps_; }
  // Steps of the run that were not recorded.
  std::uint64_t missing() const { return missing_; }

 private:
  bool is_full();

  std::size_t limit_;
  bool wants_accesses_;
  std::vector<AnyEvent> events_;
  std::vector<std::string_view> functions_;
  std::vector<Access> accesses_;
  std::size_t steps_ = 0;
  std::uint64_t missing_ = 0;
};

struct TraceOptions {
  bool full = false;    // every step; else those that tell the story
  int width = 120;      // of the whole picture
  bool colour = false;  // for violations
};

// The picture of a run of `program`. Ends with a newline.
std::string render_trace(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options);

}  // namespace shootdown
