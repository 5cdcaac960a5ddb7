// Checks an engine: all parts (parts.h), one after the other, each within its share of the time; then what follows.
//
// On a terminal one sees how it goes on; what each part came to is printed when it is done.
#pragma once

#include <vector>

#include "fuzz/check/check.h"
#include "fuzz/io/output.h"
#include "fuzz/triage/child.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

// Interrupted, it says what it has. The caller must have no other threads, and no Replayer.
EngineChecked check_engine(const CheckSettings& settings, const std::vector<Input>& corpus, const HeldSignals& signals,
                           Output& out);

}  // namespace shootdown
