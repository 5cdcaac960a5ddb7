// How often partial order sampling makes which orders.
#include "engine/sched/pos.h"

#include <boost/test/unit_test.hpp>

#include "test/script.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(pos)

namespace {

constexpr int runs = 4000;

// Of so many runs, in how many the script's log is this.
int count(Script& script, int cpus, const std::string& log) {
  int found = 0;
  for (int seed = 0; seed < runs; ++seed) {
    script.log.clear();
    Pos chooser(static_cast<std::uint64_t>(seed));
    BOOST_REQUIRE((script.run(cpus, chooser, 100) == Outcome::completed));
    if (script.log == log) ++found;
  }
  return found;
}

// About so many: a seventh of it more or less is more than three standard deviations of what is tested here.
bool is_about(int found, double share) {
  const double expected = share * runs;
  return found > expected * 6 / 7 && found < expected * 8 / 7;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_deterministic) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < 8; ++i) script.step(std::to_string(cpu));
  };
  const auto run = [&](std::uint64_t seed) {
    script.log.clear();
    Pos chooser(seed);
    BOOST_TEST((script.run(3, chooser, 100) == Outcome::completed));
    return script.log;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) BOOST_TEST(run(seed) == run(seed));
  BOOST_TEST(run(1) != run(2));
}

// A random walk has each of six steps of one CPU come before the one of the other in one of 64 runs.
BOOST_AUTO_TEST_CASE(a_step_keeps_its_priority_while_others_do_what_does_not_concern_it) {
  Script script;
  script.body = [&](int cpu) {
    const auto page = static_cast<Fact>(cpu);
    for (int i = 0; i < (cpu == 0 ? 1 : 6); ++i)
      script.step(event::ClearEntry{.mm = 0, .page = page}, std::to_string(cpu));
  };
  BOOST_TEST(is_about(count(script, 2, "1111110"), 1.0 / 7));
}

// Would the one that waits keep its priority, it would come last in one of three runs.
BOOST_AUTO_TEST_CASE(the_order_of_steps_that_race_is_drawn_anew) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < (cpu == 0 ? 2 : 1); ++i)
      script.step(event::ClearEntry{.mm = 0, .page = 0}, std::to_string(cpu));
  };
  BOOST_TEST(is_about(count(script, 2, "001"), 1.0 / 4));
  BOOST_TEST(is_about(count(script, 2, "010"), 1.0 / 4));
  BOOST_TEST(is_about(count(script, 2, "100"), 1.0 / 2));
}

BOOST_AUTO_TEST_SUITE_END()
