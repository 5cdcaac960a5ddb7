// Coverage of states as code, for fuzzers that look at nothing else.
//
// libFuzzer reads counters of a target's own (fuzz/targets/state_coverage.h). AFL++,
// honggfuzz and Centipede know only what their instrumentation sees: which code
// is reached. Therefore there is a function for each counter, which does nothing
// but be reached. Each has an edge of its own in the fuzzer's map, and shows up
// by its number where a tool names the functions that were covered.
//
// Compile this with the fuzzer's instrumentation, or nothing comes of it.
#pragma once

#include <cstdint>
#include <span>

#include "fuzz/targets/state_coverage.h"

namespace shootdown {

// Calls the function of each counter that is not 0, and clears the counter, which such a fuzzer does not.
void visit_features(std::span<std::uint8_t, StateCoverage::counters> counters);

}  // namespace shootdown
