// Carries out operations: the way from the list of operations into the kernel.
//
// One small function for each line of engine/program/operations.def unpacks the
// operands and calls what the kernel does. An operation without its function
// does not compile, unless the list says that it is not modelled.
#pragma once

#include "engine/program/program.h"

namespace shootdown {

struct Task;

void run_operation(Task& current, const Operation& operation);

}  // namespace shootdown
