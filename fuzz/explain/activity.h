// What lasts in a run: operations, locks that are held, and interrupts that are on their
// way, each from one event to another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/events/event.h"
#include "fuzz/trace/trace.h"

namespace shootdown {

// Places in a trace. No end: it lasts until the run ends.
struct Span {
  std::size_t begin = 0;
  std::optional<std::size_t> end;
};

struct HeldLock {
  int cpu = 0;
  Span span;
  LockFact lock;
  bool shared = false;
};

struct Interrupt {
  int from = 0;
  int to = 0;
  Span span;  // from where it is sent to where it is taken
};

// A CPU that waits for a lock, and never gets it.
struct StuckCpu {
  int cpu = 0;
  std::size_t event = 0;  // with which it begins to wait
  LockFact lock;
  std::vector<int> holders;
};

// In the order in which they begin.
std::vector<HeldLock> held_locks(const Trace& trace);
std::vector<Interrupt> interrupts(const Trace& trace);

// Of a run that has come to a deadlock.
std::vector<StuckCpu> stuck_cpus(const Trace& trace);

}  // namespace shootdown
