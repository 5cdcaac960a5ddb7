// The three-CPU race that the benchmarks run.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/language/codec.h"
#include "test/programs.h"

namespace shootdown {

// A store, a zap that is preempted while it holds the lock, a sync that waits for it, and another store through the
// stale entry: the race of the lost write, two steps before it would lose anything.
inline std::vector<std::uint8_t> encoded_race() {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).suspend(5);
  builder.operation(2, Call::fsync, 0, 1).operation(0, Call::store, 0, 0);
  return encode(builder.program());
}

}  // namespace shootdown
