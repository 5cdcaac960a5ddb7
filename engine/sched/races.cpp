#include "engine/sched/races.h"

#include <array>
#include <cstring>
#include <type_traits>

namespace shootdown {

namespace {

// Calls visit(places, whether it writes) for what is touched.
template <typename Visit>
struct Sayer {
  const Visit& visit;

  void reads(const Places& places) { say(places, false); }
  void writes(const Places& places) { say(places, true); }
  void say(const Places& places, bool writes) {
    if (places.kind != Places::Kind::values) visit(places, writes);
  }
};

template <typename E, typename Visit>
void each_place_of(int cpu, const E& event, const Visit& visit) {
  if constexpr (E::is_step) {
    Sayer<Visit> sayer{visit};
    TouchesOf<Sayer<Visit>>(cpu, sayer)(event);
  }
}

template <typename Visit>
void each_place(int cpu, const StepPoint& step, const Visit& visit) {
  if (step.event == nullptr) return;
  AnyEvent event;
  event.kind = step.kind;
  std::memcpy(event.facts.data(), step.event, step.facts * sizeof(Fact));
  visit_event(event, [&](const auto& what) { each_place_of(cpu, what, visit); });
}

bool overlap(const Places& a, const Places& b) {
  return a.kind == b.kind && a.owner == b.owner && a.number < b.number + b.count && b.number < a.number + a.count;
}

// An access that goes through; of ranges, one that is not empty.
template <typename E>
E most_that_it_touches() {
  E event{};
  if constexpr (std::is_same_v<E, event::UserAccess>) event.access = Access::hit;
  if constexpr (requires { event.first + event.count; }) event.count = 1;
  return event;
}

template <typename... Events>
std::array<PlaceKinds, sizeof...(Events)> all_kinds_touched(EventList<Events...> /*list*/) noexcept {
  const auto of = []<typename E>(const E& event) {
    PlaceKinds kinds = 0;
    each_place_of(0, event,
                  [&](const Places& places, bool /*writes*/) { kinds |= place_kind(static_cast<int>(places.kind)); });
    return kinds;
  };
  return {of(most_that_it_touches<Events>())...};
}

// Else it is an access of a kernel that is code, of which is known to what, or a wait.
bool is_event(EventKind kind) {
  return kind < AllEvents::size;
}

// Made before any run: the code that a run reaches is the same each time.
const std::array kinds_of_kinds = all_kinds_touched(AllEvents{});

}  // namespace

bool may_race(int cpu, const StepPoint& step, int other_cpu, const StepPoint& other) {
  if (!is_event(step.kind) && !is_event(other.kind)) return step.subject == other.subject;
  bool races = false;
  each_place(cpu, step, [&](const Places& mine, bool i_write) {
    each_place(other_cpu, other, [&](const Places& its, bool it_writes) {
      races = races || ((i_write || it_writes) && overlap(mine, its));
    });
  });
  return races;
}

PlaceKinds kinds_touched(EventKind kind) {
  return is_event(kind) ? kinds_of_kinds[kind] : 0;
}

}  // namespace shootdown
