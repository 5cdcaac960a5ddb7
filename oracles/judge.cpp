#include "oracles/judge.h"

#include "oracles/commits.h"
#include "oracles/headers.h"  // of all oracles: CMake makes it from oracles.def
#include "oracles/oracle.h"

namespace shootdown {

namespace {

// Tells a part of the judge what happened, if it watches such events.
template <typename Part, typename E>
void tell(Part& part, int cpu, const E& event) {
  constexpr bool watches = Part::watched.contains(kind_of<E>);
  static_assert(
      watches == requires { part.on(cpu, event); }, "a function for each event that it watches, and no other");
  if constexpr (watches) part.on(cpu, event);
}

}  // namespace

// Who judges a run.
struct Judge::Panel {
  Panel(Arena& arena, const World& world) : trial(arena, world) {}

  // Calls `call` with each oracle of a set.
  template <typename Call>
  void each(OracleSet oracles, Call&& call) {
#define ORACLE(Class, id, name, guarantee) \
  if (oracles.contains(OracleId::id)) call(id);
#include "oracles/oracles.def"
#undef ORACLE
  }

  Trial trial;
#define ORACLE(Class, id, name, guarantee) Class id{OracleId::id, trial};
#include "oracles/oracles.def"
#undef ORACLE
  Commits commits{trial.reference, trial.world};
};

OracleSet Judge::broken() const {
  return panel_->trial.findings.broken();
}

Report Judge::report() const {
  return panel_->trial.findings.report();
}

EventSet Judge::watches() const {
  EventSet set = Commits::watched;
  for (const OracleInfo& oracle : all_oracles()) set = set | oracle.needed;
  return companion_ == nullptr ? set : set | companion_->watches();
}

void Judge::begin(Arena& arena, const World& world) {
  panel_ = &arena.make<Panel>(arena, world);
  if (companion_ == nullptr) return;
  companion_watches_ = companion_->watches();
  companion_->begin(arena, world);
}

void Judge::happened(const EventView& any, const World& world) {
  visit_event(any, [&](const auto& event) {
    panel_->each(asked_, [&](auto& oracle) { tell(oracle, any.cpu, event); });
    tell(panel_->commits, any.cpu, event);
  });
  if (companion_watches_.contains(any.kind)) companion_->happened(any, world);
}

}  // namespace shootdown
