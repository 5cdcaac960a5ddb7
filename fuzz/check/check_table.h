// A check for people, as lines of text: what they are told behind what the parts say.
#pragma once

#include <string>

#include "fuzz/check/check.h"

namespace shootdown {

// A line for each guarantee, and what the words mean; the programs that break what has to hold; what else is not as
// it should be; and the conclusion.
std::string check_table(const EngineChecked& checked);

}  // namespace shootdown
