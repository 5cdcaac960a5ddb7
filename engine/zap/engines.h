// The engines there are.
#pragma once

#include <span>
#include <string_view>

#include "engine/kernel/zap_engine.h"
#include "engine/run/engine.h"

namespace shootdown {

// One function for each engine, defined in the file of the same name.
#define ENGINE(name) const ZapEngine& name();
#include "engine/zap/engines.def"
#undef ENGINE

// All of them, in the order of the list.
std::span<const Engine* const> all_engines();
// Those among them that are the model's, in which mistakes can be planted: all but Linux's own code.
std::span<const Engine* const> model_engines();

// Linux's own code, if this build has it; null: it has not.
const Engine* engine_of_linux();
// Those of the model that have the order of steps of its version: since 6.9 also that which zaps pages of a folio in
// a row at once, as it does. None if this build has no such code.
std::span<const Engine* const> models_of_linux();

// The engine of this name, or null.
const Engine* find_engine(std::string_view name);

// Whether some builds have an engine of this name and others do not: linux-NAME, which ci/linux makes of a kernel.
bool is_optional_engine(std::string_view name);

}  // namespace shootdown
