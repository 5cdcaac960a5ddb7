// Freedoms (explorer.h) as people name them.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "fuzz/io/input_error.h"
#include "fuzz/prove/explorer.h"

namespace shootdown {

// Those of a list, names with commas between.
std::variant<Freedoms, InputError> select_freedoms(std::string_view list);

// As readers are told: "preemptions, late interrupts".
std::string descriptions_of(const Freedoms& freedoms);
// As lists have them, in one order.
std::string names_of(const Freedoms& freedoms);

}  // namespace shootdown
