// Who is told what happens in a run.
//
// Events come on the fiber of the CPU that acts, in the order in which they
// happen. An observer may look at the world; it changes nothing in it.
#pragma once

#include "engine/events/event.h"

namespace shootdown {

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  // The kinds of events that it wants to be told of. Asked when a run begins.
  virtual EventSet watches() const = 0;
  // One of them has happened.
  virtual void happened(const AnyEvent& event, const World& world) = 0;
};

}  // namespace shootdown
