// The engine whose kernel is Linux's own code, from the tree that this program was built with; there is none if it was
// built without (SHOOTDOWN_LINUX).
#pragma once

#include "engine/run/engine.h"

namespace shootdown {

const Engine& linux_engine();

// Whether its version is this or a later one: 6, 9.
bool linux_is_since(unsigned version, unsigned patchlevel);

}  // namespace shootdown
