#include "oracles/judge.h"

namespace shootdown {

namespace {

// Tells a part of the judge what happened, if it watches such events. The parts are final: nothing is dispatched at
// run time.
template <typename Part, typename E>
void tell(Part& part, int cpu, const E& event) {
  constexpr bool watches = Part::watched.contains(kind_of<E>);
  static_assert(watches == requires { part.on(cpu, event); }, "a function for an event that it does not watch");
  if constexpr (watches) part.on(cpu, event);
}

}  // namespace

template <typename Call>
void Judge::each(Call&& call) {
#define ORACLE(Class, id, name, guarantee) call(id##_);
#include "oracles/oracles.def"
#undef ORACLE
}

EventSet Judge::watches() const {
  EventSet set = EventSet::of(EventList<event::RunBegins>{}) | Commits::watched;
  for (const OracleInfo& oracle : all_oracles()) set = set | oracle.needed;
  return companion_ == nullptr ? set : set | companion_->watches();
}

void Judge::begin() {
  trial_.report.clear(judged_with(trial_.world->events_sent()));
  trial_.reference.reset(trial_.world->machine_config());
  companion_watches_ = companion_ == nullptr ? EventSet() : companion_->watches();
}

void Judge::happened(const AnyEvent& any, const World& world) {
  trial_.world = &world;
  if (any.is<event::RunBegins>()) begin();
  visit_event(any, [&](const auto& event) {
    each([&](auto& oracle) { tell(oracle, any.cpu, event); });
    tell(commits_, any.cpu, event);
  });
  if (companion_watches_.contains(any.kind)) companion_->happened(any, world);
}

}  // namespace shootdown
