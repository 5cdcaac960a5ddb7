// Medians of what may have been given up.
#include "fuzz/scoreboard/quartiles.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(quartiles)

BOOST_AUTO_TEST_CASE(between_neighbours_it_is_linear) {
  const Quartiles five = shootdown::quartiles({50, 10, 30, 20, 40});
  BOOST_TEST(five.lower.value() == 20);
  BOOST_TEST(five.median.value() == 30);
  BOOST_TEST(five.upper.value() == 40);
  const Quartiles two = shootdown::quartiles({1, 2});
  BOOST_TEST(two.lower.value() == 1.25);
  BOOST_TEST(two.median.value() == 1.5);
  BOOST_TEST(two.upper.value() == 1.75);
  const Quartiles one = shootdown::quartiles({7});
  BOOST_TEST(one.lower.value() == 7);
  BOOST_TEST(one.upper.value() == 7);
}

BOOST_AUTO_TEST_CASE(what_was_given_up_is_longer_than_all_else) {
  const Quartiles some = shootdown::quartiles({1, given_up, 2, 3, given_up});
  BOOST_TEST(some.lower.value() == 2);
  BOOST_TEST(some.median.value() == 3);
  BOOST_TEST(!some.upper.has_value());
  // Half of the way to it is as far.
  BOOST_TEST(!shootdown::quartiles({1, given_up}).median.has_value());
  BOOST_TEST(!shootdown::quartiles({given_up, given_up, given_up}).lower.has_value());
  BOOST_TEST(!shootdown::quartiles({}).median.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
