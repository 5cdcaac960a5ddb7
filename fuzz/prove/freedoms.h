// Freedoms (explorer.h): as people name them, and those that a schedule takes.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "engine/program/program.h"
#include "fuzz/io/input_error.h"
#include "fuzz/prove/explorer.h"

namespace shootdown {

// Those of a list, names with commas between.
std::variant<Freedoms, InputError> select_freedoms(std::string_view list);

// As readers are told: "preemptions, late interrupts".
std::string descriptions_of(const Freedoms& freedoms);
// As lists have them, in one order.
std::string names_of(const Freedoms& freedoms);

// Of which kind an exception is.
Freedom freedom_of(const Exception& exception);
// Preemptions, late interrupts, and what a program's list has.
Freedoms freedoms_of(const Program& program);

}  // namespace shootdown
