// Tables for people: rows of cells, the columns below each other.
#pragma once

#include <string>
#include <vector>

#include "fuzz/io/output.h"

namespace shootdown {

// All rows have as many cells as the first, which has the heads.
void print_table(const std::vector<std::vector<std::string>>& rows, Output& out);

}  // namespace shootdown
