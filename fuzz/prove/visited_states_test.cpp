// A set of digests that grows, whoever looks into it.
#include "fuzz/prove/visited_states.h"

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

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
    VisitedStates::Visitor visitor(states);
    for (int i = 0; i < count; ++i) added += visitor.come(random.next(), 7) == VisitedStates::nobody ? 1 : 0;
    BOOST_TEST(added == (round == 0 ? count : 0));
  }
  BOOST_TEST(states.size() == std::size_t{count});
  BOOST_TEST(states.bytes() >= count * sizeof(std::uint64_t));
  int seen = 0;
  states.each([&](std::uint64_t /*digest*/) { ++seen; });
  BOOST_TEST(seen == count);
}

BOOST_AUTO_TEST_CASE(no_digest_is_like_an_empty_place) {
  VisitedStates states;
  {
    VisitedStates::Visitor visitor(states);
    BOOST_TEST(visitor.come(0, 1) == VisitedStates::nobody);
    BOOST_TEST(visitor.come(0, 1) != VisitedStates::nobody);
  }
  BOOST_TEST(states.size() == 1U);
}

BOOST_AUTO_TEST_CASE(those_that_lie_beside_each_other_are_told_apart) {
  VisitedStates states;
  constexpr std::uint64_t each = 40;  // more than a line holds
  SplitMix64 random(1);
  VisitedStates::Visitor visitor(states);
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const std::uint64_t world = random.next();
    const std::uint64_t far = std::uint64_t{1} << VisitedStates::near_bits;
    for (std::uint64_t near = 0; near < each; ++near) {
      BOOST_REQUIRE(visitor.owner(world ^ near << 1U) == VisitedStates::nobody);
      BOOST_REQUIRE(visitor.come(world ^ near << 1U, 1) == VisitedStates::nobody);
      BOOST_REQUIRE(visitor.owner(world ^ near << 1U) != VisitedStates::nobody);
    }
    BOOST_TEST(visitor.owner(world ^ each << 1U) == VisitedStates::nobody);
    BOOST_TEST(visitor.owner(world ^ far) == VisitedStates::nobody);
  }
}

BOOST_AUTO_TEST_CASE(a_state_belongs_to_the_schedule_with_the_lowest_number) {
  VisitedStates states(true);
  VisitedStates::Visitor visitor(states);
  BOOST_TEST(visitor.come(10, 7) == VisitedStates::nobody);
  BOOST_TEST(visitor.come(10, 9) == 7U);
  BOOST_TEST(visitor.come(10, 7) == 7U);
  BOOST_TEST(states.owner(10) == 7U);
  BOOST_TEST(visitor.come(10, 3) == 7U);
  BOOST_TEST(visitor.come(10, 5) == 3U);
  BOOST_TEST(states.owner(10) == 3U);
}

// In whichever order they come, each state is new to one of them, and in the end its owner is the same. So many
// states that all have to wait for it to grow, and one visitor that leaves before.
BOOST_AUTO_TEST_CASE(several_look_into_it_at_once) {
  constexpr std::uint32_t visitors = 4;
  constexpr std::uint64_t count = 100'000;
  VisitedStates states(true);
  std::vector<std::uint64_t> added(visitors);
  const auto visit = [&](std::uint32_t number) {
    SplitMix64 random(1);
    VisitedStates::Visitor visitor(states);
    for (std::uint64_t i = 0; i < (number == 0 ? count / 10 : count); ++i)
      added[number] += visitor.come(random.next(), number) == VisitedStates::nobody ? 1 : 0;
  };
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < visitors; ++i) threads.emplace_back(visit, i);
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST(states.size() == count);
  std::uint64_t all = 0;
  for (const std::uint64_t some : added) all += some;
  BOOST_TEST(all == count);
  SplitMix64 random(1);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < count; ++i) wrong += states.owner(random.next()) == (i < count / 10 ? 0U : 1U) ? 0 : 1;
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(the_more_states_the_likelier_one_was_missed) {
  BOOST_TEST(VisitedStates::omission(0) == 0.0);
  BOOST_TEST(VisitedStates::omission(1e6) < 1e-5);
  BOOST_TEST(VisitedStates::omission(1e9) > VisitedStates::omission(1e8));
}

BOOST_AUTO_TEST_SUITE_END()
