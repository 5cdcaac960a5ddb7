// The engine whose kernel is Linux's own code, from the tree that this program was built with.
#pragma once

#include "engine/run/engine.h"

namespace shootdown {

const Engine& linux_engine();

}  // namespace shootdown
