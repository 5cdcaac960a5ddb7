// Changes programs that an engine refuses into some that it can run, as far as that goes.
#pragma once

#include "engine/program/program.h"
#include "engine/run/engine.h"

namespace shootdown {

// Whether the engine can run it then. One that it can run stays as it is.
bool adapt_to(Program& program, const Engine& engine);

}  // namespace shootdown
