// Checks for programs, as JSON.
#pragma once

#include <string>
#include <vector>

#include "fuzz/check/check.h"

namespace shootdown {

// docs/checking.md says what is in it.
std::string check_json(const std::vector<EngineChecked>& checks);

}  // namespace shootdown
