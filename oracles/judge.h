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
#include "oracles/oracles.h"
#include "oracles/report.h"

namespace shootdown {

class Judge final : public Observer {
 public:
  // `companion`, which may be null, is told of what it watches, after the oracles; it must outlive the judge. `asked`:
  // the others say nothing.
  explicit Judge(Observer* companion = nullptr, OracleSet asked = OracleSet::all())
      : companion_(companion), asked_(asked) {}

  // What was found in the run that was begun last; there was one.
  OracleSet broken() const;
  Report report() const;

  EventSet watches() const override;
  void begin(Arena& arena, const World& world) override;
  void happened(const EventView& any, const World& world) override;

 private:
  struct Panel;

  Observer* companion_;
  OracleSet asked_;
  EventSet companion_watches_;  // in this run
  Panel* panel_ = nullptr;
};

}  // namespace shootdown
