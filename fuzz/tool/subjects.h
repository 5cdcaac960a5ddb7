// What commands are to run inputs on, and what counts there: --engine, --oracles and --defect.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/zap/engines.h"
#include "fuzz/io/input_error.h"
#include "fuzz/triage/isolated_replay.h"

namespace shootdown {

struct SubjectOptions {
  std::vector<std::string> engines;    // empty: all; one that is named twice counts once
  std::optional<std::string> oracles;  // none: what each input expects, or the engine claims
  std::string defect;                  // a planted mistake; empty: none
};

// `engines`: those that are meant if none is named; `known`: those that can be.
std::variant<std::vector<Subject>, InputError> select_subjects(const SubjectOptions& options,
                                                               std::span<const Engine* const> engines,
                                                               std::span<const Engine* const> known = all_engines());

}  // namespace shootdown
