// Brings a run to where the deviations of a schedule lead, with as few steps as it can.
//
// Before each deviation it keeps a snapshot of the run; and when the next schedule begins with
// the same deviations as the last, it goes back to the last snapshot that is on its way, and on
// from there. So it keeps no more snapshots than a schedule has deviations; and of those with as many,
// in the order in which a tree of them is gone through, each step is made once.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/run/simulation.h"
#include "fuzz/prove/deviations.h"

namespace shootdown {

class Trail {
 public:
  // All must outlive it. `trace`, which may be null, observes the runs, too. `keeps`: whether it keeps snapshots; else
  // every run is made from the beginning.
  Trail(const Program& program, Simulation& simulation, Observer* trace, DeviatingSchedule& schedule, bool keeps)
      : program_(program), simulation_(simulation), trace_(trace), schedule_(schedule), keeps_(keeps) {}

  // The run makes the last of the deviations when it proceeds, and is paused before each decision from then on.
  void follow(std::span<const Deviation> path);

  std::size_t bytes() const;

 private:
  // Where a deviation was made, before it was.
  struct Mark {
    Deviation deviation;
    DeviatingSchedule::Progress progress;
    Simulation::Snapshot snapshot;
  };

  std::size_t marks_on(std::span<const Deviation> path) const;
  void go_back(std::size_t mark);
  void set_mark(std::size_t mark);

  const Program& program_;
  Simulation& simulation_;
  Observer* trace_;
  DeviatingSchedule& schedule_;
  bool keeps_;
  std::size_t count_ = 0;  // of marks
  std::vector<Mark> marks_;
};

}  // namespace shootdown
