// A base for who watches events: one function for each kind, and no more.
//
// A class that derives from Watches<E...> has a function on() for each of these
// events and for no other, or the judge, which tells it of them, does not compile
// (judge.cpp).
#pragma once

#include <cstdint>

#include "engine/check.h"
#include "engine/events/event.h"

namespace shootdown {

template <typename... Events>
class Watches {
 public:
  static constexpr EventSet watched = EventSet::of(EventList<Events...>{});

 protected:
  ~Watches() = default;
};

// A fact as a signed number: none is -1.
constexpr std::int32_t number(Fact fact) {
  return static_cast<std::int32_t>(fact);
}

// Calls visit(page) for each of those that are told of together.
template <typename Visit>
void each_page(const PageFact& pages, const Visit& visit) {
  for (Fact i = 0; i < pages.pages; ++i) visit(PageFact{pages.frame + i, pages.file, pages.index + i});
}

// The file of a page that an event finds in one.
inline int file_of(const PageFact& page) {
  SHOOTDOWN_CHECK(page.file != no_fact);
  return number(page.file);
}

}  // namespace shootdown
