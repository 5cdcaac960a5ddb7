// Does numbered pieces of work in several processes at once.
//
// The processes are forked when the work begins, and know what their caller knew
// then; each does one piece after the other. Which process does a piece, and when,
// is not determined: a piece must not depend on others. What a piece throws is thrown to the
// caller, and so it is when a process ends. No process outlives the call, or the
// caller. When a signal has come, the processes get one, too: a piece that waits for
// held signals can leave nothing behind. One that does not is killed.
//
// The caller must have no other threads, and no Replayer (to ThreadSanitizer, fibers are threads).
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "fuzz/triage/child.h"

namespace shootdown {

struct Workload {
  std::size_t pieces = 0;
  std::size_t processes = 1;  // at most
  // In one of the processes: does a piece, returns what came of it.
  std::function<std::string(std::size_t piece)> work;
  // In the caller's: told of each piece when it is done.
  std::function<void(std::size_t piece, const std::string& result)> done;
};

// Returns whether all was done: not if a signal has come that is held. Pieces are begun in the order of their numbers.
bool do_work(const Workload& workload, const HeldSignals& signals);

// How many CPUs this process may use.
std::size_t usable_cpus();

}  // namespace shootdown
