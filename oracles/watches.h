// A base for who watches events: one function for each kind, and no more.
//
// A class that derives from Watches<E...> compiles only if it has a function for
// each of these events, and if some kernel sends all of them. That it has none for
// another event is for whoever tells it of events to check (judge.cpp).
#pragma once

#include <cstdint>

#include "engine/check.h"
#include "engine/events/event.h"
#include "engine/events/sent.h"

namespace shootdown {

template <typename E>
class WatchesOne {
 public:
  // `cpu` did it.
  virtual void on(int cpu, const E& event) = 0;

 protected:
  ~WatchesOne() = default;
};

template <typename... Events>
class Watches : public WatchesOne<Events>... {
  static_assert((is_sent<Events> && ...), "no kernel sends this event");

 public:
  static constexpr EventSet watched = EventSet::of(EventList<Events...>{});

 protected:
  ~Watches() = default;
};

// A fact as a signed number: none is -1.
constexpr std::int32_t number(Fact fact) {
  return static_cast<std::int32_t>(fact);
}

// The file of a page that an event finds in one.
inline int file_of(const PageFact& page) {
  SHOOTDOWN_CHECK(page.file != no_fact);
  return number(page.file);
}

}  // namespace shootdown
