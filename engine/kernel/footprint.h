// Compares what the kernel's code touches with what its events say.
//
// Whoever leaves out schedules because two steps do not depend on each other must be
// able to rely on what events say (engine/events/touches.h); nobody would notice a
// line too few there. In builds with SHOOTDOWN_FOOTPRINTS every Atomic, every Shared
// and the TLBs report each touch. When a CPU comes to its next step, each place that
// it has touched since the one before must have been said by that step's event or by
// also_reads and also_writes, or be guarded by a lock that it holds, or be its own.
// If not, the program ends with a message that names the step and the place.
//
// Does not see plain fields that are not Shared, nor what the harness does (Unwatched).
// In other builds nothing is left of it.
#pragma once

#include "engine/arena.h"
#include "engine/events/touches.h"
#include "engine/touch.h"

namespace shootdown {

class Kernel;
struct Task;

#ifdef SHOOTDOWN_FOOTPRINTS

class Footprint final : private TouchObserver {
 public:
  Footprint(const Kernel& kernel, Arena& arena, int cpus);

  // Between these, what is touched on this OS thread belongs to this run.
  void begin() { touch_observer = this; }
  void end() { touch_observer = nullptr; }

  // A step or a note of `cpu` has been announced.
  template <typename E>
  void announced(int cpu, const E& event);
  // Beside what its last step says.
  void also_reads(int cpu, const Places& place) { say(cpu, place, Touch::read); }
  void also_writes(int cpu, const Places& place) { say(cpu, place, Touch::write); }
  // The CPU has come to the end of what belongs to its last step.
  void compare(const Task& current);
  // It takes an interrupt, or the hardware acts; afterwards it goes on with what belongs to its last step.
  void begin_interruption(const Task& current);
  void end_interruption(const Task& current);

 private:
  struct Entry {
    Places place{};
    Touch touch{};
  };
  // A bounded list.
  struct Entries {
    Row<Entry> row;
    int count = 0;

    void add(const Entry& entry);
    const Entry* begin() const { return row.begin(); }
    const Entry* end() const { return row.begin() + count; }
  };
  // A step, and what it says.
  struct Saying {
    EventKind step = 0;
    Entries said;
  };
  // An interrupt comes into a step, and the hardware acts while that is handled.
  static constexpr int max_depth = 3;
  struct Cpu {
    Saying sayings[max_depth];
    int depth = 0;
    Entries touched;  // since the last step

    Saying& last() { return sayings[depth]; }
  };
  // TouchesOf's.
  struct Sayer {
    Footprint& footprint;
    int cpu;
    void reads(const Places& place) { footprint.say(cpu, place, Touch::read); }
    void writes(const Places& place) { footprint.say(cpu, place, Touch::write); }
  };

  void touched(const void* address, Touch touch) override;
  void say(int cpu, Places place, Touch touch);
  bool is_permitted(const Task& current, const Entry& entry) const;  // of one place
  [[noreturn]] void fail(const Task& current, const Entry& entry) const;

  const Kernel& kernel_;
  const Arena& arena_;
  Row<Cpu> cpus_;
};

template <typename E>
void Footprint::announced(int cpu, const E& event) {
  if constexpr (E::is_step) {
    cpus_[cpu].last().step = kind_of<E>;
    cpus_[cpu].last().said.count = 0;
    Sayer say{*this, cpu};
    TouchesOf<Sayer>(cpu, say)(event);
  }
}

#else

class Footprint {
 public:
  Footprint(const Kernel& /*kernel*/, Arena& /*arena*/, int /*cpus*/) {}
  void begin() {}
  void end() {}
  template <typename E>
  void announced(int /*cpu*/, const E& /*event*/) {}
  void also_reads(int /*cpu*/, const Places& /*place*/) {}
  void also_writes(int /*cpu*/, const Places& /*place*/) {}
  void compare(const Task& /*current*/) {}
  void begin_interruption(const Task& /*current*/) {}
  void end_interruption(const Task& /*current*/) {}
};

#endif

}  // namespace shootdown
