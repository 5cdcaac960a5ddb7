// Does, on a virtual CPU's stack, what a sanitizer must report: a proof that a build's sanitizers are at work there.
//
// Usage: planted_faults FAULT
//
// Each fault is a test of its own (CMakeLists.txt), which passes if the report names it; so is `none`, which must be
// silent. A data race is what missing_lock.cpp is for.
#include <cstdio>
#include <cstring>
#include <limits>

#include "engine/sched/fiber.h"

namespace {

using shootdown::Fiber;

// Volatile, so that the compiler does not know what becomes of the value.
// All this is wrong on purpose: NOLINTBEGIN(clang-analyzer-*,cppcoreguidelines-*,bugprone-*)
volatile int sink;

void use_after_free() {
  int* volatile freed = new int(1);
  delete freed;
  sink = *freed;
}

void stack_overflow() {
  volatile int array[4] = {};
  volatile int* volatile beyond = array + 4;
  sink = *beyond;
}

void leak() {
  int* volatile lost = new int(1);
  sink = *lost;
  lost = nullptr;
}

void signed_overflow() {
  const volatile int most = std::numeric_limits<int>::max();
  sink = most + 1;
}

void uninitialised() {
  int* const value = new int;
  if (*value != 0) sink = 1;
  delete value;
}
// NOLINTEND(clang-analyzer-*,cppcoreguidelines-*,bugprone-*)

void none() {}

struct Fault {
  const char* name;
  void (*commit)();
};

constexpr Fault faults[] = {
    {"none", none}, {"use-after-free", use_after_free},   {"stack-overflow", stack_overflow},
    {"leak", leak}, {"signed-overflow", signed_overflow}, {"uninitialised", uninitialised},
};

// Who switches to whom.
struct Visit {
  Fiber* from;
  Fiber* to;
  const Fault* fault;
};

void enter(void* argument) {
  const Visit& visit = *static_cast<Visit*>(argument);
  visit.fault->commit();
  visit.to->switch_to(*visit.from);
}

void run_on_fiber(const Fault& fault) {
  Fiber here;
  Visit visit{.from = &here, .to = nullptr, .fault = &fault};
  Fiber there(enter, &visit);
  visit.to = &there;
  here.switch_to(there);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Fault& fault : faults) {
    if (argc != 2 || std::strcmp(argv[1], fault.name) != 0) continue;
    run_on_fiber(fault);
    return 0;
  }
  std::fputs("planted_faults: expected the name of a fault\n", stderr);
  return 2;
}
