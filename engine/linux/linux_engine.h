// The engine whose kernel is Linux's own code, from the tree that this program was linked with. There is none in most
// programs: what is declared here but linux_is_linked() may be called only where that is true.
#pragma once

#include "engine/run/engine.h"

namespace shootdown {

[[gnu::weak]] const Engine& linux_engine();

// Whether its version is this or a later one: 6, 9.
[[gnu::weak]] bool linux_is_since(unsigned version, unsigned patchlevel);

inline bool linux_is_linked() {
  return &linux_engine != nullptr;
}

}  // namespace shootdown
