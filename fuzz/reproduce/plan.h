// What becomes of a program's operations on a running kernel: threads, what they do
// before the race and in it, and what the check at the end does in their place.
//
// A running kernel takes no schedule. What a program says of the order is used so far:
//
// - The race begins with the first operation that is preempted. What stands before it is
//   done before, in order, by the same threads. If none is preempted, all race.
// - Each CPU is a thread that makes its calls in their order. Its stores are another's,
//   which makes them in a loop, until a moment after the last sync: "store, fsync, store" on one
//   CPU is an fsync that others' stores are around.
// - Loads, reads and POSIX_FADV_DONTNEED behind the last store look whether it is there. They are left to
//   the check, which does the same when all have stopped.
#pragma once

#include <string>
#include <vector>

#include "engine/program/program.h"
#include "fuzz/reproduce/calls.h"

namespace shootdown {

// A word of memory that a thread stores to.
struct StoredWord {
  int page = 0;
  int word = 0;
  bool races = false;  // else it is stored to before the race only
  bool stays = false;  // nothing takes it from its file or moves it
};

// A thread.
struct Role {
  int cpu = 0;
  int mm = 0;
  bool stores = false;            // it makes the CPU's stores; else its calls
  std::vector<StoredWord> words;  // of one that stores
  std::vector<int> race;          // of the other: operations, by their number
};

struct Plan {
  std::vector<Role> roles;
  std::vector<int> before;    // operations that come before the race
  std::vector<int> left_out;  // those that are left to the check
};

Plan plan_of(const Program& program);

bool is_store(const Operation& operation);

// How an operation is called in C: call_in_c with what only the whole program says.
CCall call_of(const Program& program, int operation);

}  // namespace shootdown
