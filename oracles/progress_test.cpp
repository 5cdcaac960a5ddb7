#include "oracles/progress.h"

#include <boost/test/unit_test.hpp>

#include "engine/events/event.h"
#include "engine/zap/engines.h"
#include "test/hand_made_run.h"
#include "test/programs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(progress)

namespace {
constexpr OracleId id = OracleId::progress;
}  // namespace

BOOST_AUTO_TEST_CASE(silent_when_a_run_is_completed) {
  HandMadeRun run;
  run.end();
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_a_deadlock) {
  HandMadeRun run;
  run.world.unfinished = 0b110;
  run.end(Outcome::deadlock);
  BOOST_TEST(run.fact(id) == "deadlock: 2 CPUs wait and none can go on, the first is cpu 1");
}

BOOST_AUTO_TEST_CASE(fires_for_who_waits_for_himself) {
  HandMadeRun run;
  run.world.unfinished = 0b100;
  run.end(Outcome::deadlock);
  BOOST_TEST(run.fact(id) == "deadlock: cpu 2 waits and cannot go on");
}

BOOST_AUTO_TEST_CASE(fires_for_a_run_without_end) {
  HandMadeRun run;
  run.world.steps = 1234;
  run.end(Outcome::too_many_steps);
  BOOST_TEST(run.fact(id) == "no end after 1234 steps");
  BOOST_TEST(run.report().violation(id).step == 1234U);
}

// A zap has the page-table lock and wants i_mmap_rwsem for reading; an fsync has that, and wants the page-table lock.
// Both are readers: that goes well until somebody waits to write, behind whom a reader queues.
BOOST_AUTO_TEST_CASE(a_reader_behind_a_waiting_writer_makes_a_deadlock) {
  const auto breaks = [](bool writer) {
    ProgramBuilder builder;
    builder.machine(&MachineConfig::mms, 2);
    builder.operation(0, Call::store, 0, 0).operation(0, Call::dontneed, 0, 1);
    builder.exception({.cpu = 0, .event = kind_of<event::ClearEntry>, .after = 1});
    builder.operation(2, Call::fsync, 0, 1);
    if (writer) builder.operation(1, Call::munmap, 0, 1);
    TestBench bench(*find_engine("delayed_rmap"));
    bench.plant(Defect::i_mmap_under_lock).run(builder);
    BOOST_TEST(bench.breaks(OracleId::atomic_sleep));
    return bench.breaks(id);
  };
  BOOST_TEST(breaks(true));
  BOOST_TEST(!breaks(false));
}

BOOST_AUTO_TEST_SUITE_END()
