// Makes a program as small as it can be that shows something on an engine.
//
// A run under PCT is written out as the schedule that it takes, and made smaller thing by thing (shrink.h). An operation
// that is left out takes its exceptions along, and moves those of others: what a smaller program could show, its schedule
// then does not. So schedules are searched (fuzz/prove/explorer.h), those with the fewest exceptions first: for the
// operations but for one; for the same, in this order or another, with fewer exceptions; and on fewer CPUs. Searches make
// so many runs at most. At last places are said by events where they can be.
//
// What comes out shows it. With any operation, exception, CPU or other thing less, or any number smaller, it does not, under
// the schedule that it says. The same program comes to the same, in every build without sanitizers: with those, and on
// Linux's own code, searches come less far.
//
// Runs happen in a process of their own, for what is tried may be what Shootdown itself fails on; that does not count as
// shown.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/defects.h"
#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/triage/isolation.h"
#include "oracles/report.h"

namespace shootdown {

class Minimizer {
 public:
  // Whether it is shown by the run that a report is of.
  using Shows = std::function<bool(const Report&)>;

  // It is that this oracle is broken, in a way that `shows` knows. `defect` is made in every run. The caller must not have a
  // Replayer of its own while a function of this runs.
  Minimizer(const Engine& engine, OracleId oracle, Shows shows, Defect defect = Defect::none);

  // None: the program does not show it.
  std::optional<Program> minimized(const Program& program);

  // How many runs that took, so far.
  std::uint64_t runs() const { return runs_; }

 private:
  class Workbench;
  struct Order;

  std::optional<Program> ask(const Order& order, const Program& program);
  std::string serve(std::string_view request);

  bool shows(const Program& program);
  Program shrunk_further(const Program& program);
  Program written_out(const Program& program);
  Program with_events(const Program& program);
  std::optional<Program> searched(const Program& program, int exceptions);
  std::optional<Program> with_less(const Program& program);

  const Engine& engine_;
  OracleSet oracle_;
  Shows shows_;
  Defect defect_;
  bool merges_;  // whether searches know states again: not those of Linux's own code, whose memory is elsewhere
  std::shared_ptr<Workbench> bench_;  // in the process only
  Isolation isolation_;
  std::uint64_t runs_ = 0;
  std::uint64_t searched_ = 0;  // of these, in searches for schedules, for the program at hand
  Freedoms freedoms_;
  // What is known of programs, by their bytes: whether they show it; and that their operations have been searched for a schedule with
  // at most so many exceptions.
  std::unordered_map<std::string, bool> known_;
  std::set<std::pair<std::string, int>> done_;
};

}  // namespace shootdown
