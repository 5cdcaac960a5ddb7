// Who is told what happens in a run.
//
// Events come on the fiber of the CPU that acts, in the order in which they
// happen. An observer may look at the world; it changes nothing in it. What it keeps
// of a run that belongs to the state of that run it lays out in the run's arena.
#pragma once

#include <cstdint>
#include <string>

#include "engine/arena.h"
#include "engine/events/event.h"

namespace shootdown {

// An access to memory by a kernel that is code: what such a kernel's steps are, whatever comes of them.
struct MemoryAccess {
  std::uint64_t step = 0;  // steps made in the run, this one included
  int cpu = 0;             // who makes it
  bool writes = false;
  std::string object;  // what is accessed, in the kernel's names: "pte 0", "frame 5 _mapcount"
};

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

  // Whether it wants to be told of every access to memory, too. Asked of who traces a run, when that begins.
  virtual bool watches_accesses() const { return false; }
  // One is about to be made.
  virtual void accesses(const MemoryAccess& /*access*/, const World& /*world*/) {}
};

}  // namespace shootdown
