// Which operations a program has.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "engine/program/program.h"

namespace shootdown {

// Each run begins with such questions: so they are asked of sets.
inline bool has_any(const Program& program, std::initializer_list<Call> calls) {
  static_assert(operation_table.size() <= 64);
  const auto bit = [](Call call) { return std::uint64_t{1} << static_cast<unsigned>(call); };
  std::uint64_t wanted = 0;
  std::uint64_t there = 0;
  for (const Call call : calls) wanted |= bit(call);
  for (const Operation& operation : operations_of(program)) there |= bit(operation.call);
  return (wanted & there) != 0;
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
