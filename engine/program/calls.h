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

// Or punches a hole: then files lose pages.
inline bool truncates_files(const Program& program) {
  return has_any(program, {Call::truncate, Call::punch});
}

inline bool maps_device(const Program& program) {
  return has_any(program, {Call::mmap_device});
}

// Files; the memory of a device is numbered like one more, behind those of the machine.
inline int files_of(const Program& program) {
  return program.machine.files + static_cast<int>(maps_device(program));
}

}  // namespace shootdown
