// All oracles together, and the reference that they compare with.
//
// A Judge observes one kernel. Each event goes to the oracles that watch it, and
// then, if something takes effect by it, to the reference. All oracles judge
// every run, but for those to which the kernel does not send what they need; the
// report says which ones did. Which of their verdicts count is for the caller to
// say (oracles.h). They are made anew for each run, in its arena: none knows of
// another.
#pragma once

#include "engine/events/observer.h"
#include "oracles/commits.h"
#include "oracles/headers.h"  // of all oracles: CMake makes it from oracles.def
#include "oracles/oracle.h"

namespace shootdown {

class Judge final : public Observer {
 public:
  // `companion`, which may be null, is told of what it watches, after the oracles; it must outlive the judge. `asked`:
  // the others say nothing.
  explicit Judge(Observer* companion = nullptr, OracleSet asked = OracleSet::all())
      : companion_(companion), asked_(asked) {}

  // What was found in the run that was begun last; there was one.
  OracleSet broken() const { return panel_->trial.findings.broken(); }
  Report report() const { return panel_->trial.findings.report(); }

  EventSet watches() const override;
  void begin(Arena& arena, const World& world) override;
  void happened(const EventView& any, const World& world) override;

 private:
  // Who judges a run.
  struct Panel {
    Panel(Arena& arena, const World& world) : trial(arena, world) {}

    // Calls `call` with each oracle of a set.
    template <typename Call>
    void each(OracleSet oracles, Call&& call);

    Trial trial;
#define ORACLE(Class, id, name, guarantee) Class id{OracleId::id, trial};
#include "oracles/oracles.def"
#undef ORACLE
    Commits commits{trial.reference, trial.world};
  };

  Observer* companion_;
  OracleSet asked_;
  EventSet companion_watches_;  // in this run
  Panel* panel_ = nullptr;
};

}  // namespace shootdown
