// Runs schedules of a program, each up to a state in which another one has been, and notes which states it came to
// first and which schedules part there.
//
// Several can search one level (explorer.h) at once, each on a thread of its own, where it was made: the schedules
// that are to be run are shared out, and the states that were visited are common to all. All else a searcher has for
// itself.
//
// A state belongs to the schedule with the lowest number that comes to it. So it may be taken from one that a faster
// searcher has run already: from there on that one's notes are void (took()). What is left is what one searcher would
// note that runs them all, one after the other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/run/simulation.h"
#include "fuzz/prove/deviations.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/prove/histories.h"
#include "fuzz/prove/schedules.h"
#include "fuzz/prove/trail.h"
#include "fuzz/prove/visited_states.h"
#include "fuzz/prove/world_digest.h"
#include "oracles/judge.h"

namespace shootdown {

// Schedules that are to be run, by whoever is free: those of a level from one number to another.
class Round {
 public:
  // `portion`: so many at a time, one behind the other, for they have much in common.
  Round(std::size_t begin, std::size_t end, std::size_t portion) : next_(begin), end_(end), portion_(portion) {}

  struct Portion {
    std::size_t begin;
    std::size_t end;
  };
  // Empty: none are left.
  Portion next() {
    const std::size_t begin = std::min(next_.fetch_add(portion_, std::memory_order_relaxed), end());
    return {.begin = begin, .end = std::min(begin + portion_, end())};
  }
  // A schedule breaks something. Those with higher numbers need not be run.
  void end_with(std::size_t number) {
    std::size_t end = end_.load(std::memory_order_relaxed);
    while (number + 1 < end && !end_.compare_exchange_weak(end, number + 1, std::memory_order_relaxed)) {
    }
    breaks_.store(true, std::memory_order_relaxed);
  }

  std::size_t end() const { return end_.load(std::memory_order_relaxed); }
  // Whether its last schedule breaks something.
  bool breaks() const { return breaks_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> next_;
  std::atomic<std::size_t> end_;
  std::atomic<bool> breaks_{false};
  const std::size_t portion_;
};

// A schedule that was run to its end and judged by all oracles, as whoever runs it who does not know at which places of a kernel's
// code this search lets others run.
struct JudgedSchedule {
  Program program;  // that lists it
  Report report;
};
JudgedSchedule judged(const Engine& engine, const Program& program, const ExplorerSettings& settings,
                      std::span<const Deviation> path);

class Searcher {
 public:
  // All must outlive it.
  Searcher(const Engine& engine, const Program& program, const ExplorerSettings& settings, const Schedules& schedules,
           VisitedStates& visited);

  // Runs schedules, which have so many exceptions, until none are left.
  void search(Round& round, int exceptions);

  // A state that was new, and how many schedules part there.
  struct Note {
    Schedules::Number schedule;  // that came to it
    std::uint32_t branches;
    std::uint64_t state;
  };
  // Of what was run since they were cleared, in the order of the schedules' numbers; and all the branches.
  std::span<const Note> notes() const { return notes_; }
  std::span<const Branch> branches() const { return branches_; }
  // The schedules from which it has taken states.
  std::span<const Schedules::Number> losers() const { return losers_; }
  void clear_notes();
  // Whether a schedule would part from one that it has run, and has more exceptions than are asked for.
  bool is_beyond_bound() const { return beyond_bound_; }

  std::size_t bytes() const;

  // A digest of all states that the schedule without exceptions comes to: the same in every process, unless the code
  // is another.
  std::uint64_t fingerprint();

 private:
  void run(Round::Portion portion, Round& round, VisitedStates::Visitor& visitor);
  bool explore(VisitedStates::Visitor& visitor);
  bool breaks() const { return !(judge_.broken() & settings_.oracles).empty(); }
  bool is_wanted() const;
  bool departs(VisitedStates::Visitor& visitor) const;
  bool comes_to_new_state(std::uint64_t here, VisitedStates::Visitor& visitor);
  bool goes_round(std::uint64_t here) const;
  bool takes(std::uint64_t state, VisitedStates::Visitor& visitor);
  std::uint64_t state();
  std::uint64_t state(Target foreseen);
  Target foreseen(const Choice& choice) const;
  void tell_of_end();
  void branch();
  void branch_to_others();
  void branch_to_hardware();
  void branch_to_fills(const StepPoint& next);
  void branch_to(const Choice& choice, Target target = {});

  const ExplorerSettings& settings_;
  const Program& program_;
  const Schedules& schedules_;
  VisitedStates& visited_;
  Histories histories_;
  Judge judge_;
  Simulation simulation_;
  DeviatingSchedule schedule_;
  Trail trail_;
  WorldDigest world_;
  int exceptions_ = 0;
  Schedules::Number number_ = 0;        // of the run at hand
  std::uint64_t all_but_who_runs_ = 0;  // of the state that it has come to
  std::vector<Deviation> path_;         // its deviations
  std::vector<Note> notes_;
  std::vector<Branch> branches_;
  std::vector<Schedules::Number> losers_;
  bool beyond_bound_ = false;
};

}  // namespace shootdown
