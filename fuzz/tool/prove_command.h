// `shootdown prove`: searches all schedules of programs, and says what exactly was searched.
#pragma once

#include <span>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"
#include "fuzz/tool/prove_options.h"

namespace shootdown {

// The schedules of the files themselves do not count, nor does what they expect.
ExitStatus prove_command(const ProveOptions& options, Console& console,
                         std::span<const Engine* const> engines = model_engines());

}  // namespace shootdown
