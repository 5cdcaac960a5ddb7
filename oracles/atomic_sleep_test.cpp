#include "oracles/atomic_sleep.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>

#include "engine/zap/engines.h"
#include "test/hand_made_run.h"
#include "test/programs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(atomic_sleep)

namespace {

constexpr OracleId id = OracleId::atomic_sleep;
using Reason = event::SleepInAtomic::Reason;

// A page is stored to, written back, and zapped.
OracleSet broken_by(Defect defect) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::fsync, 0, 1).operation(0, Call::dontneed, 0, 1);
  TestBench bench(*find_engine("delayed_rmap"));
  bench.plant(defect).run(builder);
  return bench.report().broken();
}

}  // namespace

BOOST_AUTO_TEST_CASE(says_what_was_done_where_it_must_not_be) {
  const std::pair<event::SleepInAtomic, std::string> facts[] = {
      {{.reason = Reason::lock, .lock = {.kind = LockClass::page, .number = 4}},
       "locks page frame 4 while it holds a spinlock"},
      {{.reason = Reason::lock, .lock = {.kind = LockClass::i_mmap}},
       "takes the i_mmap_rwsem of file 0 while it holds a spinlock"},
      {{.reason = Reason::lock, .lock = {.kind = LockClass::inode}},
       "takes the i_rwsem of file 0 while it holds a spinlock"},
      {{.reason = Reason::lock, .lock = {.kind = LockClass::mmap, .owner = 1}},
       "takes the mmap_lock of mm 1 while it holds a spinlock"},
      {{.reason = Reason::lock, .lock = {.kind = LockClass::anon_vma, .number = 3}},
       "takes the lock of anon_vma 3 while it holds a spinlock"},
      {{.reason = Reason::writeback, .subject = 4},
       "waits for the writeback of page frame 4 while it holds a spinlock"},
      {{.reason = Reason::flush, .subject = 2}, "flushes TLBs of mm 2 with interrupts off"},
      {{.reason = Reason::other, .lock = {}},
       "does what it may have to sleep for, or asks others to flush, in atomic context"}};
  HandMadeRun run;
  for (const auto& [event, fact] : facts) {
    run.begin();
    run.happens(1, event);
    BOOST_TEST(run.fact(id) == "cpu 1 " + fact);
  }
}

BOOST_AUTO_TEST_CASE(fires_for_a_zap_that_waits_for_writeback_and_for_no_other) {
  BOOST_TEST(broken_by(Defect::sleep_under_lock).contains(id));
  BOOST_TEST(broken_by(Defect::none).empty());
}

BOOST_AUTO_TEST_SUITE_END()
