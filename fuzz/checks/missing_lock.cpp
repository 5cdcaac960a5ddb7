// A zap without the page-table lock, run on a program in which that is a data race.
//
// Built with ThreadSanitizer, it must be reported, at the same line each time; ci/check-missing-lock sees to that. It
// shows that TSan knows the virtual CPUs as threads, and that the schedule is the input's.
#include <cstdio>

#include "engine/zap/engines.h"
#include "test/programs.h"

// NOLINTNEXTLINE(bugprone-exception-escape): an exception that gets out ends the test, as it should.
int main() {
  using namespace shootdown;
  TestBench bench(*find_engine("eager_dirty"));
  bench.plant(Defect::no_page_table_lock);
  // CPU 1 zaps the page while CPU 0 is between installing its entry and dropping the lock.
  for (int after = 20; after < 36; ++after) {
    ProgramBuilder builder;
    builder.operation(0, Call::store, 0, 0).suspend(after).operation(1, Call::dontneed, 0, 1);
    bench.run(builder);
  }
  std::puts("done");
  return 0;
}
