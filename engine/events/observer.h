// Who is told what happens in a run.
//
// Events come on the fiber of the CPU that acts, in the order in which they
// happen. An observer may look at the world; it changes nothing in it. What it keeps
// of a run that belongs to the state of that run it lays out in the run's arena.
#pragma once

#include "engine/arena.h"
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
  // A run begins in this world, which will outlive what is made in the arena. No event has happened.
  virtual void begin(Arena& /*arena*/, const World& /*world*/) {}
  // One of them has happened.
  virtual void happened(const EventView& event, const World& world) = 0;
};

}  // namespace shootdown
