// Names of places in the kernel's code and data.
//
// ci/linux makes tables of the symbols of each part of linux.o, sorted by where they
// begin; a place belongs to the last symbol that begins at or before it. Code that
// was inlined has the name of the function that it was inlined into. Nobody looks
// names up but who prints them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "engine/linux/shim/interface.h"

namespace shootdown {

// Which of the symbols a place belongs to, by its offset; null: it is before the first of them.
inline const linux_symbol* symbol_at(std::span<const linux_symbol> symbols, std::size_t offset) {
  const auto behind = std::ranges::upper_bound(symbols, offset, {}, &linux_symbol::offset);
  return behind == symbols.begin() ? nullptr : &*(behind - 1);
}

// The function that a call returns to, by the offset of the place where it goes on: that may be behind the function, if the
// call never returns.
inline const linux_symbol* function_at(std::span<const linux_symbol> functions, std::size_t return_offset) {
  return return_offset == 0 ? nullptr : symbol_at(functions, return_offset - 1);
}

}  // namespace shootdown
