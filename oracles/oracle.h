// What all oracles have in common.
//
// An oracle watches a run and says when a guarantee is violated. It knows the
// run by the events that it names, and by the facts of the world; and, if it is a
// ComparingOracle, by the reference, which still holds what was true before the
// event. It changes nothing.
//
// Each oracle is one header, which opens with what it proves and what it cannot,
// and one line in oracles.def:
//
//   class Example final : public Oracle<event::FreePage, event::RunEnds> {
//    public:
//     using Oracle::Oracle;
//     void on(int cpu, const event::FreePage& event) { ... }
//     void on(int cpu, const event::RunEnds& event) { ... }
//   };
//
// A function that is missing, or is for another event, does not compile. An oracle is made for each run, in the run's
// arena, where it has room for what it keeps of the run (row).
#pragma once

#include <utility>

#include "engine/arena.h"
#include "engine/events/event.h"
#include "engine/reference/reference.h"
#include "oracles/commits.h"
#include "oracles/report.h"
#include "oracles/watches.h"

namespace shootdown {

// A run that is judged: what oracles look at, and what they found.
struct Trial {
  Trial(Arena& where, const World& judged)
      : arena(where),
        world(judged),
        machine(judged.machine_config()),
        reference(where, machine, judged.files(), number(judged.page_array_length()), judged.swap_slots()),
        findings(where, judged_with(judged.events_sent())) {}

  Arena& arena;
  const World& world;
  const MachineConfig& machine;
  Reference reference;
  Findings findings;
};

template <typename... Events>
class Oracle : public Watches<Events...> {
 public:
  // The events without which it cannot judge.
  static constexpr EventSet needed = Watches<Events...>::watched;

  Oracle(OracleId id, Trial& trial) : trial_(trial), id_(id) {}
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

 protected:
  ~Oracle() = default;

  const World& world() const { return trial_.world; }
  const MachineConfig& machine() const { return trial_.machine; }

  // Room for what it keeps of the run.
  template <typename T>
  Row<T> row(int count) const {
    return trial_.arena.template row<T>(count);
  }
  template <typename T>
  Row<T> one_per_cpu() const {
    return row<T>(machine().cpus);
  }

  // `cpu` acted; -1: it is found after the run.
  template <typename... Arguments>
  void violate(int cpu, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    trial_.findings.violate(id_, world().steps_made(), cpu, format, std::forward<Arguments>(arguments)...);
  }
  // With words of the kernel's own, in place of the first {}.
  template <typename... Arguments>
  void violate_in_words(int cpu, fmt::format_string<std::string_view&, Arguments...> format, TextFact words,
                        Arguments&&... arguments) {
    trial_.findings.violate_in_words(id_, world().steps_made(), cpu, format, world().text(words),
                                     std::forward<Arguments>(arguments)...);
  }

 private:
  Trial& trial_;
  OracleId id_;
};

// An oracle that compares with the reference, which must be told of all that takes effect.
template <typename... Events>
class ComparingOracle : public Oracle<Events...> {
 public:
  static constexpr EventSet needed = Watches<Events...>::watched | Commits::watched;

  ComparingOracle(OracleId id, Trial& trial) : Oracle<Events...>(id, trial), reference_(trial.reference) {}

 protected:
  ~ComparingOracle() = default;

  const Reference& reference() const { return reference_; }

 private:
  const Reference& reference_;
};

}  // namespace shootdown
