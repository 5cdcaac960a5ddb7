// Which places of Linux's code are steps.
//
// The build runs many programs, with every access a step, and finds at which places the
// code has touched only memory that no other CPU could touch at the time, because of a
// lock that both must hold, or because it never does (fuzz/checks/visible_code.cpp). These make no
// steps. Code that was not reached then is visible: nothing is known of it.
#pragma once

#include "engine/run/code.h"

namespace shootdown {

// Of the tree that this was built with; all places, in a program that was linked without the list.
const VisibleCode& visible_linux_code();

}  // namespace shootdown
