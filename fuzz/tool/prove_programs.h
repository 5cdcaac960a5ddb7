// `shootdown prove --programs K`: searches all schedules of all programs of up to K operations
// (fuzz/prove/program_space.h).
//
// A search that is in the file of results is not made again, unless it was not decided and has more time or memory now.
// Several processes are at work if asked for. Interrupted, the command says what it has, and then ends as the signal
// wants it.
#pragma once

#include <span>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"
#include "fuzz/tool/prove_options.h"

namespace shootdown {

ExitStatus prove_programs_command(const ProveOptions& options, Console& console,
                                  std::span<const Engine* const> engines = model_engines());

}  // namespace shootdown
