#include "oracles/progress.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

namespace {
constexpr OracleId id = OracleId::progress;
}  // namespace

BOOST_AUTO_TEST_SUITE(progress)

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

BOOST_AUTO_TEST_CASE(fires_for_a_run_without_end) {
  HandMadeRun run;
  run.world.steps = 1234;
  run.end(Outcome::too_many_steps);
  BOOST_TEST(run.fact(id) == "no end after 1234 steps");
  BOOST_TEST(run.report().violation(id).step == 1234U);
}

BOOST_AUTO_TEST_SUITE_END()
