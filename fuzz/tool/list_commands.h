// `shootdown engines`, `shootdown oracles`, `shootdown events`: what there is.
#pragma once

#include <span>

#include "engine/zap/engines.h"
#include "fuzz/io/console.h"

namespace shootdown {

// With what they do not claim, and what is not judged of them.
ExitStatus engines_command(Console& console, std::span<const Engine* const> engines = all_engines());
// With the guarantees that they judge, and on which of the engines they cannot.
ExitStatus oracles_command(Console& console, std::span<const Engine* const> engines = all_engines());
// Those by which a schedule can name a place.
ExitStatus events_command(Console& console);

}  // namespace shootdown
