// A set of digests that grows.
#include "fuzz/prove/visited_states.h"

#include <boost/test/unit_test.hpp>

#include "engine/sched/random.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(visited_states)

BOOST_AUTO_TEST_CASE(each_digest_is_new_once) {
  VisitedStates states;
  constexpr int count = 200'000;  // it has to grow
  for (int round = 0; round < 2; ++round) {
    SplitMix64 random(1);
    int added = 0;
    for (int i = 0; i < count; ++i) added += states.insert(random.next()) ? 1 : 0;
    BOOST_TEST(added == (round == 0 ? count : 0));
  }
  BOOST_TEST(states.size() == std::size_t{count});
  BOOST_TEST(states.bytes() >= count * sizeof(std::uint64_t));
}

BOOST_AUTO_TEST_CASE(no_digest_is_like_an_empty_place) {
  VisitedStates states;
  BOOST_TEST(states.insert(0));
  BOOST_TEST(!states.insert(0));
  BOOST_TEST(states.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_more_states_the_likelier_one_was_missed) {
  BOOST_TEST(VisitedStates::omission(0) == 0.0);
  BOOST_TEST(VisitedStates::omission(1e6) < 1e-7);
  BOOST_TEST(VisitedStates::omission(1e9) > VisitedStates::omission(1e8));
}

BOOST_AUTO_TEST_SUITE_END()
