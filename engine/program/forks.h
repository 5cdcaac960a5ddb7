// Which address spaces a program's forks make.
//
// All others are there from the beginning. One that a fork makes is not: its threads
// wait until it is there. That it comes to be is certain, for only such forks count as no
// schedule can keep from being done.
#pragma once

#include "engine/program/program.h"

namespace shootdown {

// Calls visit(mm of the thread, mm that it forks) with each fork, but for those behind the end of a thread.
template <typename Visit>
void each_fork(const Program& program, const Visit& visit) {
  unsigned exited = 0;  // a bit for each CPU
  for (const Operation& operation : operations_of(program)) {
    if ((exited >> operation.cpu & 1U) != 0) continue;
    if (operation.call == Call::exit) exited |= 1U << operation.cpu;
    if (operation.call == Call::fork) visit(program.machine.mm_of(operation.cpu), operation.operands[0].value);
  }
}

// A bit for each mm that a fork makes: one of another mm, which is there from the beginning or is made so itself. A fork of one
// that is there already does nothing.
inline unsigned forked_mms(const Program& program) {
  unsigned named = 0;
  each_fork(program, [&](int from, int to) {
    if (from != to) named |= 1U << static_cast<unsigned>(to);
  });
  if (named == 0) return 0;
  unsigned there = ~named;
  for (unsigned before = 0; before != there;) {
    before = there;
    each_fork(program, [&](int from, int to) {
      if ((there >> static_cast<unsigned>(from) & 1U) != 0) there |= 1U << static_cast<unsigned>(to);
    });
  }
  return there & named;
}

}  // namespace shootdown
