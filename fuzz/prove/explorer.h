// Searches all schedules of a program on an engine, the least exceptional first.
//
// A schedule is the order of the list and its exceptions to it, as in the text of a
// program: preemptions, and what the hardware may do besides. The search begins with
// the schedule that has none, goes on with all that have one, then two, and so on; so
// what it finds first has the fewest. Each schedule is run from where it parts from others (trail.h), up to
// a state in which another one has been before, with as few exceptions or fewer: from
// there on, all that can happen has been seen. If at last there is nothing to
// go on with, every schedule has been searched, whatever number of exceptions it has.
//
// State: all of the run's memory, the oracles' included (Simulation::visit_state); what the
// code on each CPU knows (histories.h) and is about to do; and what the order of the list
// remembers. So states are the same only if nothing that follows can be different, but for
// collisions of digests (visited_states.h); many that differ in what no longer matters
// are taken for two.
//
// What the hardware does unasked is tried only where it makes a difference: an entry
// is dropped before its CPU would use it, and loaded before a step that looks at the page
// table or changes it. Before that step it comes to the same.
//
// Choices that are not among the kinds to be searched are never made. With sanitizers, which lay memory out in
// their own way, no two states may be taken for one, and a search takes far longer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/defects.h"
#include "engine/program/program.h"
#include "engine/run/simulation.h"
#include "fuzz/prove/deviations.h"
#include "fuzz/prove/histories.h"
#include "fuzz/prove/trail.h"
#include "fuzz/prove/visited_states.h"
#include "oracles/judge.h"

namespace shootdown {

// What may happen otherwise than the list says.
enum class Freedom : std::uint8_t {
  preempt,  // another CPU comes to run, wherever it can
  late,     // an interrupt is taken up to max_latency steps after its CPU has come to run
  evict,    // the hardware drops a translation
  fill,     // it loads one
  fail,     // an allocation fails
};

struct FreedomInfo {
  Freedom freedom;
  std::string_view name;
  std::string_view description;
};
inline constexpr std::array all_freedoms{
    FreedomInfo{Freedom::preempt, "preempt", "preemptions"},
    FreedomInfo{Freedom::late, "late", "late interrupts"},
    FreedomInfo{Freedom::evict, "evict", "dropped translations"},
    FreedomInfo{Freedom::fill, "fill", "loaded translations"},
    FreedomInfo{Freedom::fail, "fail", "failing allocations"},
};

class Freedoms {
 public:
  constexpr void insert(Freedom freedom) { bits_ |= 1U << static_cast<unsigned>(freedom); }
  constexpr bool contains(Freedom freedom) const { return (bits_ >> static_cast<unsigned>(freedom) & 1U) != 0; }

 private:
  unsigned bits_ = 0;
};

class StateObserver;

struct ExplorerSettings {
  Freedoms freedoms;
  OracleSet oracles;                                 // that must not break
  std::function<bool(const Report&)> wanted;         // whether a whole run that breaks one counts; empty: each does
  Defect defect = Defect::none;                      // that is planted
  int exceptions = std::numeric_limits<int>::max();  // no schedule with more
  std::uint64_t memory = std::uint64_t{4} << 30U;    // about so many bytes for the search
  // What it does to be fast, and in which order; what it finds is the same.
  bool merges = Simulation::can_save;     // takes states that are the same for one, and searches what follows once
  bool forgets = true;                    // leaves out of them what no code looks at any more
  bool snapshots = Simulation::can_save;  // goes back to where schedules part, else runs each from the beginning
  bool backwards = false;                 // of schedules with as many exceptions, the last comes first
  std::uint64_t seed = 0;                 // of digests
  StateObserver* observer = nullptr;      // may be null
  CodeWatch code{};                       // of a kernel that is code: where it can be preempted, and who watches it
  // Of every run; may be null. What it keeps of a run is in its arena, or there are no snapshots.
  Observer* trace = nullptr;
};

// Who wants to know which states there are, and which are taken for the same.
class StateObserver {
 public:
  StateObserver() = default;
  StateObserver(const StateObserver&) = delete;
  StateObserver& operator=(const StateObserver&) = delete;
  virtual ~StateObserver() = default;

  // The schedule with these deviations has come to a state, before this decision.
  virtual void comes_to(std::uint64_t state, bool is_new, const std::vector<Deviation>& path,
                        std::uint32_t decision) = 0;
  // A schedule has been run to its end, where the world is this: a digest of it, which has nothing of what the code
  // knew.
  virtual void ends(std::uint64_t /*world*/) {}
};

class Explorer {
 public:
  enum class State : std::uint8_t {
    goes_on,
    broken,         // an oracle is
    exhausted,      // every schedule was searched
    bound_reached,  // every schedule with so few exceptions was
    out_of_memory,
  };

  // The engine does not refuse the program, which can be recorded.
  Explorer(const Engine& engine, const Program& program, const ExplorerSettings& settings);

  // Searches on, for at most so many runs. Nothing changes once it has come to an end.
  State search(std::uint64_t runs);

  // --- how far it has come ---

  // Schedules with so many exceptions are being searched; all with fewer have been.
  int exceptions() const { return exceptions_; }
  std::uint64_t states() const { return states_; }
  std::uint64_t runs() const { return runs_; }
  // Schedules that are known to be left with as many exceptions as are being searched, and with one more.
  std::uint64_t left() const { return level_end_ - next_; }
  std::uint64_t left_for_later() const { return nodes_.size() - level_end_; }
  // A digest of all states that were visited, in whichever order. Searches are laid out in memory, and have other digests in
  // another place.
  std::uint64_t digest() const { return digest_; }

  // --- of a search that has ended with what is broken ---

  OracleSet broken() const { return broken_; }
  // A program that lists the schedule.
  const Program& counterexample() const { return *counterexample_; }

  // Of which all schedules are searched.
  const Program& program() const { return program_; }

 private:
  // A deviation, behind those of its parent.
  struct Node {
    std::uint32_t parent;
    Deviation deviation;
  };
  static constexpr std::uint32_t no_node = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t bytes() const;
  State next_level();
  std::uint32_t next_node();
  void follow(std::uint32_t node);
  bool explore();
  bool comes_to_new_state();
  std::uint64_t state() const;
  std::uint64_t world(std::uint64_t seed) const;
  void tell_of_end();
  void branch();
  void branch_to_others();
  void branch_to_hardware();
  void branch_to_fills(const StepPoint& next);
  void branch_to(const Choice& choice);
  bool keep_counterexample();

  ExplorerSettings settings_;
  Program program_;
  Histories histories_;
  Judge judge_;
  Simulation simulation_;
  DeviatingSchedule schedule_;
  Trail trail_;
  VisitedStates visited_;
  std::vector<Node> nodes_;      // those with as many exceptions in a row, in the order in which a tree is gone through
  std::size_t level_begin_ = 0;  // those with as many as are being searched
  std::size_t level_end_ = 0;
  std::size_t next_ = 0;          // of them
  std::vector<Deviation> path_;   // of the run at hand
  std::uint32_t node_ = no_node;  // its last
  int exceptions_ = 0;
  std::uint64_t runs_ = 0;
  std::uint64_t states_ = 0;
  std::uint64_t digest_ = 0;
  bool beyond_bound_ = false;  // there are schedules with more exceptions than that
  State found_ = State::goes_on;
  OracleSet broken_;
  std::unique_ptr<Program> counterexample_;
};

}  // namespace shootdown
