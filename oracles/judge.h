// All oracles together, and the reference that they compare with.
//
// A Judge observes one kernel. Each event goes to the oracles that watch it, and
// then, if something takes effect by it, to the reference. All oracles judge
// every run; which of their verdicts count is for the caller to say (oracles.h). They
// are made anew for each run, in its arena: none knows of another run.
#pragma once

#include "engine/events/observer.h"
#include "oracles/atomic_sleep.h"
#include "oracles/batch.h"
#include "oracles/commits.h"
#include "oracles/complete_zap.h"
#include "oracles/counts.h"
#include "oracles/dirty_unmapped.h"
#include "oracles/encoded_pointer.h"
#include "oracles/filesystem_contract.h"
#include "oracles/fsync_durability.h"
#include "oracles/lost_dirty_data.h"
#include "oracles/oracle.h"
#include "oracles/page_cache_contents.h"
#include "oracles/progress.h"
#include "oracles/stale_access.h"

namespace shootdown {

class Judge final : public Observer {
 public:
  // `companion`, which may be null, is told of what it watches, after the oracles; it must outlive the judge.
  explicit Judge(Observer* companion = nullptr) : companion_(companion) {}

  // What was found in the run that was begun last; there was one.
  OracleSet broken() const { return panel_->trial.findings.broken(); }
  Report report() const { return panel_->trial.findings.report(); }

  EventSet watches() const override;
  void begin(Arena& arena, const World& world) override;
  void happened(const AnyEvent& any, const World& world) override;

 private:
  // Who judges a run.
  struct Panel {
    Panel(Arena& arena, const World& world) : trial(arena, world) {}

    // Calls `call` with each oracle.
    template <typename Call>
    void each(Call&& call);

    Trial trial;
#define ORACLE(Class, id, name, guarantee) Class id{OracleId::id, trial};
#include "oracles/oracles.def"
#undef ORACLE
    Commits commits{trial.reference};
  };

  Observer* companion_;
  EventSet companion_watches_;  // in this run
  Panel* panel_ = nullptr;
};

}  // namespace shootdown
