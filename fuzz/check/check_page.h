// Checks as a page of HTML that needs nothing else: no script is in it, and nothing is fetched.
#pragma once

#include <string>
#include <vector>

#include "fuzz/check/check.h"

namespace shootdown {

// Runs the programs that it shows, for their pictures.
std::string check_page(const std::vector<EngineChecked>& checks);

}  // namespace shootdown
