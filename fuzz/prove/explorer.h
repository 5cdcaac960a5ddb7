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
// Several workers can share out the schedules with as many exceptions (searcher.h). What the search finds does not depend on how
// many they are, nor on which is faster, to the last number that is told here; but for where memory runs out.
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
#include "fuzz/prove/schedules.h"
#include "fuzz/prove/threads.h"
#include "fuzz/prove/visited_states.h"
#include "oracles/oracles.h"
#include "oracles/report.h"

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

class Searcher;
class StateObserver;
class WordReader;
class WordWriter;

struct ExplorerSettings {
  Freedoms freedoms;
  OracleSet oracles;  // that must not break
  // Whether a whole run that breaks one counts; empty: each does. Workers may ask at once.
  std::function<bool(const Report&)> wanted;
  Defect defect = Defect::none;                      // that is planted
  int exceptions = std::numeric_limits<int>::max();  // no schedule with more
  std::uint64_t memory = std::uint64_t{4} << 30U;    // about so many bytes for the search, of all workers together
  int workers = 1;                                   // threads; with an observer or a trace, one
  // What it does to be fast, and in which order; what it finds is the same.
  bool merges = Simulation::can_save;     // takes states that are the same for one, and searches what follows once
  bool forgets = true;                    // leaves out of them what no code looks at any more
  bool snapshots = Simulation::can_save;  // goes back to where schedules part, else runs each from the beginning
  bool foresees = true;                   // if it merges: runs no schedule that is known to lead to where others were
  bool backwards = false;                 // of schedules with as many exceptions, the last comes first
  std::uint64_t seed = 0;                 // of digests
  StateObserver* observer = nullptr;      // may be null
  CodeWatch code{};                       // of a kernel that is code, of which a process has one: where it can be
                                          // preempted, and who watches it; then with one worker
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
  ~Explorer();
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;

  // Searches on, for at most so many runs. Nothing changes once it has come to an end.
  State search(std::uint64_t runs);

  // --- how far it has come ---

  // Schedules with so many exceptions are being searched; all with fewer have been. When every schedule was: so many are needed to come to
  // every state.
  int exceptions() const { return exceptions_; }
  std::uint64_t states() const { return states_; }
  // No more digests had to be told apart: of states, and of what schedules depart from (Target).
  std::uint64_t digests() const { return states_ + departures_; }
  std::uint64_t runs() const { return next_; }
  // Schedules that are known to be left with as many exceptions as are being searched, and with one more.
  std::uint64_t left() const { return level_end_ - next_; }
  std::uint64_t left_for_later() const { return schedules_.size() - level_end_; }
  // A digest of all states that were visited, in whichever order. The same in every process (world_digest.h).
  std::uint64_t digest() const { return digest_; }

  // --- of a search that has ended with what is broken ---

  OracleSet broken() const { return broken_; }
  // A program that lists the schedule.
  const Program& counterexample() const { return *counterexample_; }

  // --- what is searched ---

  const Engine& engine() const { return engine_; }
  // Of which all schedules are searched.
  const Program& program() const { return program_; }
  const ExplorerSettings& settings() const { return settings_; }

  // --- going on elsewhere (checkpoint.h) ---

  // How far it has come, unless it has ended with what is broken.
  void save(WordWriter& words) const;
  // It has not searched yet. Goes on from what another one of the same has saved; throws DamagedFile if that cannot be.
  void load(WordReader& words);
  // A digest of all states that the schedule without exceptions comes to.
  std::uint64_t fingerprint();

 private:
  std::uint64_t bytes() const;
  State next_level();
  void search_round(std::uint64_t runs);
  void put_together(std::size_t end);
  void add(Searcher& searcher, std::size_t& note, std::size_t& branch, bool has_lost);
  void keep_counterexample(Schedules::Number schedule);

  Branch loaded(WordReader& words, Schedules::Number number) const;

  const Engine& engine_;
  ExplorerSettings settings_;
  Program program_;
  Schedules schedules_;
  VisitedStates visited_;
  Threads threads_;
  std::vector<std::unique_ptr<Searcher>> searchers_;  // one for each thread
  std::size_t next_ = 0;                              // of the schedules
  std::size_t level_end_ = 1;                         // behind those with as many exceptions
  int exceptions_ = 0;
  int deepest_ = 0;  // exceptions, at least, of some state
  std::uint64_t states_ = 0;
  std::uint64_t departures_ = 0;  // counted wherever a schedule parts to one
  std::uint64_t digest_ = 0;
  bool beyond_bound_ = false;  // there are schedules with more exceptions than that
  State found_ = State::goes_on;
  OracleSet broken_;
  std::unique_ptr<Program> counterexample_;
};

}  // namespace shootdown
