// Which operations a program has.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "engine/program/program.h"

namespace shootdown {

inline bool has_any(const Program& program, std::initializer_list<Call> calls) {
  return std::ranges::any_of(operations_of(program), [&](const Operation& operation) {
    return std::ranges::find(calls, operation.call) != calls.end();
  });
}

}  // namespace shootdown
