// All oracles together, and the reference that they compare with.
//
// A Judge observes one kernel. Each event goes to the oracles that watch it, and
// then, if something takes effect by it, to the reference. All oracles judge
// every run, but for those to which the kernel does not send what they need; the
// report says which ones did. Which of their verdicts count is for the caller to
// say (oracles.h).
#pragma once

#include "engine/events/observer.h"
#include "oracles/commits.h"
#include "oracles/headers.h"  // of all oracles: CMake makes it from oracles.def
#include "oracles/oracle.h"

namespace shootdown {

class Judge final : public Observer {
 public:
  // `companion`, which may be null, is told of what it watches, after the oracles; it must outlive the judge.
  explicit Judge(Observer* companion = nullptr) : companion_(companion) {}

  // What was found in the last run.
  const Report& report() const { return trial_.report; }

  EventSet watches() const override;
  void happened(const AnyEvent& any, const World& world) override;

 private:
  void begin();
  // Calls `call` with each oracle.
  template <typename Call>
  void each(Call&& call);

  Observer* companion_;
  EventSet companion_watches_;  // in this run

  Trial trial_;
#define ORACLE(Class, id, name, guarantee) Class id##_{OracleId::id, trial_};
#include "oracles/oracles.def"
#undef ORACLE
  Commits commits_{trial_.reference};
};

}  // namespace shootdown
