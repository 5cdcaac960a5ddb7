// Which events which kernel sends.
//
// An oracle that watches an event nobody sends does not compile; one that lacks
// an event on some kernel does not judge there. A kernel that sends an event which
// is not in its list does not compile either; that it does send what is in the
// list is for a test to show.
#pragma once

#include "engine/events/event.h"

namespace shootdown {

// Or would, of operations that it refuses.
using SentByModel = AllEvents;

template <typename E, typename... Events>
consteval bool is_in(EventList<Events...> /*list*/) {
  return (std::is_same_v<E, Events> || ...);
}
// Whether there is a kernel that sends it.
template <typename E>
inline constexpr bool is_sent = is_in<E>(SentByModel{});

}  // namespace shootdown
