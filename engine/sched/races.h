// Which steps that CPUs are about to make touch the same place (engine/events/touches.h).
//
// Before a step is made not all is known of it: where an access to memory will go, which page of which file is in a
// frame. What is not known is not said, so some races are not seen. That is good enough for who samples
// schedules; who leaves schedules out must not rely on it. A kernel that is code says only which object it is going to access:
// two such accesses of the same one may race.
#pragma once

#include <cstdint>

#include "engine/events/touches.h"
#include "engine/sched/chooser.h"

namespace shootdown {

// Whether both touch a place, and one of them changes it.
bool may_race(int cpu, const StepPoint& step, int other_cpu, const StepPoint& other);

// Kinds of places, one bit each.
using PlaceKinds = std::uint64_t;

constexpr int place_kinds = static_cast<int>(Places::Kind::values) + 1;

constexpr PlaceKinds place_kind(int kind) {
  return PlaceKinds{1} << static_cast<unsigned>(kind);
}

// Those that steps of a kind touch. The value that is stored next is none that programs share.
PlaceKinds kinds_touched(EventKind kind);

}  // namespace shootdown
