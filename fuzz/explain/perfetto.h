// A run for trace viewers that read Chrome's JSON (Perfetto, chrome://tracing): CPUs as
// threads, operations and steps as slices, locks as slices of their own, interrupts as
// arrows, and what changes of the page as counters. A step lasts a microsecond.
#pragma once

#include <string>

#include "fuzz/explain/scene.h"

namespace shootdown {

std::string perfetto_json(const Scene& scene, const std::string& title);

}  // namespace shootdown
