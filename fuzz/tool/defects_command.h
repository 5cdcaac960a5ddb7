// `shootdown defects`: lists the planted mistakes.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/defects.h"
#include "fuzz/io/console.h"
#include "fuzz/io/input_error.h"

namespace shootdown {

struct DefectsOptions {
  std::vector<std::string> names;  // empty: all
};

// Those that are asked for, or what is wrong.
std::variant<std::vector<DefectInfo>, InputError> select_defects(const std::vector<std::string>& names);

ExitStatus defects_command(const DefectsOptions& options, Console& console);

}  // namespace shootdown
