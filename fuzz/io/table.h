// Tables for people: rows of cells, the columns below each other.
#pragma once

#include <string>
#include <vector>

namespace shootdown {

// The rows as lines. All have as many cells as the first, which has the heads.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace shootdown
