#include "oracles/atomic_sleep.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>

#include "test/hand_made_run.h"

using namespace shootdown;

namespace {

constexpr OracleId id = OracleId::atomic_sleep;

event::TakeLock take(LockClass kind, bool taken = true, bool tries = false) {
  return {.lock = {.kind = kind}, .tries = tries ? 1U : 0U, .taken = taken ? 1U : 0U};
}
event::DropLock drop(LockClass kind) {
  return {.lock = {.kind = kind}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(atomic_sleep)

BOOST_AUTO_TEST_CASE(fires_for_a_sleeping_lock_under_a_spinlock) {
  const std::pair<LockClass, std::string> sleeping[] = {{LockClass::page, "locks page frame 0"},
                                                        {LockClass::i_mmap, "takes the i_mmap_rwsem of file 0"},
                                                        {LockClass::inode, "takes the i_rwsem of file 0"},
                                                        {LockClass::mmap, "takes the mmap_lock of mm 0"}};
  HandMadeRun run;
  for (const LockClass spinlock : {LockClass::page_table, LockClass::i_pages}) {
    for (const auto& [lock, what] : sleeping) {
      run.begin();
      run.happens(1, take(spinlock));
      // That it cannot be had at once makes no difference.
      run.happens(1, take(lock, false));
      BOOST_TEST(run.fact(id) == "cpu 1 " + what + " while it holds a spinlock");
    }
  }
}

BOOST_AUTO_TEST_CASE(fires_for_a_wait_for_writeback_under_a_spinlock) {
  HandMadeRun run;
  run.happens(1, take(LockClass::page_table));
  run.happens(1, event::ReadWriteback{.page = {.frame = 4}});
  BOOST_TEST(run.fact(id) == "cpu 1 waits for the writeback of page frame 4 while it holds a spinlock");
}

BOOST_AUTO_TEST_CASE(silent_for_other_orders_other_cpus_and_who_only_tries) {
  HandMadeRun run;
  run.happens(1, take(LockClass::mmap));
  run.happens(1, take(LockClass::page));
  run.happens(1, take(LockClass::page_table, false));
  run.happens(1, take(LockClass::i_mmap));
  run.happens(1, take(LockClass::page_table));
  run.happens(1, take(LockClass::i_pages));
  run.happens(1, take(LockClass::page, true, true));
  run.happens(0, take(LockClass::page));
  run.happens(1, drop(LockClass::i_pages));
  run.happens(1, drop(LockClass::page_table));
  run.happens(1, take(LockClass::page));
  run.happens(1, event::ReadWriteback{});
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_a_flush_with_interrupts_off_and_not_for_one_under_a_page_table_lock) {
  HandMadeRun run;
  run.happens(1, take(LockClass::page_table));
  run.happens(1, event::RaiseTlbGeneration{.mm = 2});
  BOOST_TEST(run.holds());
  run.happens(1, take(LockClass::i_pages));
  run.happens(1, event::RaiseTlbGeneration{.mm = 2});
  BOOST_TEST(run.fact(id) == "cpu 1 flushes TLBs of mm 2 with interrupts off");
}

BOOST_AUTO_TEST_CASE(locks_of_a_run_that_was_cut_off_are_forgotten) {
  HandMadeRun run;
  run.happens(1, take(LockClass::page_table));
  run.begin();
  run.happens(1, take(LockClass::page));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_SUITE_END()
