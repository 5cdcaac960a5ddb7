// `shootdown engines`, `shootdown oracles`, `shootdown events`: what there is.
#pragma once

#include "fuzz/io/console.h"

namespace shootdown {

// With what they do not claim.
ExitStatus engines_command(Console& console);
// With the guarantees that they judge.
ExitStatus oracles_command(Console& console);
// Those by which a schedule can name a place.
ExitStatus events_command(Console& console);

}  // namespace shootdown
