// Whichever way a run comes to where deviations lead, it is the same there.
#include "fuzz/prove/trail.h"

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "oracles/judge.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(trail)

namespace {

constexpr std::string_view three_cpus =
    "shootdown 2\n"
    "machine cpus 3, pages 1, words 1\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: load page 0 word 0\n"
    "cpu 2: fsync page 0\n"
    "cpu 0: exit\n"
    "cpu 1: exit\n"
    "cpu 2: exit\n";

// Goes along paths, one after the other, and then to the end.
struct Walk {
  explicit Walk(bool keeps) : trail(program, simulation, nullptr, schedule, keeps) {}

  std::uint64_t hash_of(const std::vector<Deviation>& path) {
    trail.follow(path);
    while (!simulation.proceed()) schedule.go_on();
    return simulation.hash();
  }

  Program program = input_of(three_cpus).document.program;
  Judge judge;
  Simulation simulation{eager_dirty(), judge};
  DeviatingSchedule schedule{program};
  Trail trail;
};

Deviation at(std::uint32_t decision, int cpu) {
  return {.decision = decision, .choice = run_next(cpu)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_comes_to_the_same_as_from_the_beginning) {
  const std::vector<std::vector<Deviation>> paths{
      {},
      {at(2, 1)},
      {at(2, 1), at(5, 2)},
      {at(2, 1), at(5, 2)},            // the same once more
      {at(2, 1), at(7, 2)},            // later on its way
      {at(2, 1), at(7, 0), at(9, 1)},  // another choice there
      {at(2, 1), at(4, 2)},            // before where it was
      {at(2, 1)},                      // a part of it
      {at(2, 2), at(4, 1)},            // nothing in common but the beginning
      {at(1, 1)},
      {},
  };
  Walk with_snapshots(Simulation::can_save);
  Walk without(false);
  for (const std::vector<Deviation>& path : paths) BOOST_TEST(with_snapshots.hash_of(path) == without.hash_of(path));
}

BOOST_AUTO_TEST_CASE(it_keeps_as_many_snapshots_as_there_are_deviations) {
  if (!Simulation::can_save) return;
  Walk walk(true);
  walk.hash_of({at(2, 1)});
  const std::size_t one = walk.trail.bytes();
  BOOST_TEST(one > 0U);
  walk.hash_of({at(3, 1)});
  BOOST_TEST(walk.trail.bytes() == one);
  walk.hash_of({at(3, 1), at(5, 2)});
  BOOST_TEST(walk.trail.bytes() > one);
  Walk nothing(false);
  nothing.hash_of({at(2, 1)});
  BOOST_TEST(nothing.trail.bytes() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
