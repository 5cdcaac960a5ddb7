// Which events which kernel sends.
//
// Every event is sent by some kernel; an oracle that lacks one on another does not
// judge there. A model that sends an event which is not in its list does not
// compile; that it does send what is in the list is for a test to show.
#pragma once

#include "engine/events/event.h"

namespace shootdown {

// What only a kernel's own code can do. The model sends the others, or would, of operations that it refuses.
using NotSentByModel = EventList<event::KernelWarns>;

inline constexpr EventSet sent_by_model = EventSet::all() - EventSet::of(NotSentByModel{});

}  // namespace shootdown
