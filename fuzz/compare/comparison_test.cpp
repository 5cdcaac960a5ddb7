// Engines that come to the same without a race, and one that does not.
#include "fuzz/compare/comparison.h"

#include <string_view>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/inputs.h"
#include "test/output.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(comparison)

namespace {

constexpr std::string_view zap =
    "shootdown 2\n"
    "machine pages 2\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 0: store page 1 word 0\n"
    "cpu 0: dontneed pages 0-1\n";

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_race_engines_do_the_same) {
  Comparison comparison({.engine = &eager_dirty()}, {.engine = &delayed_rmap()});
  Program program = input_of(zap).document.program;
  BOOST_TEST(comparison.compare(program).empty());
  BOOST_TEST(comparison.counts().programs == 1U);
  BOOST_TEST(comparison.counts().operations == 3U);
  BOOST_TEST(comparison.counts().different == 0U);
}

BOOST_AUTO_TEST_CASE(a_mistake_is_a_difference_and_it_is_said_where) {
  Comparison comparison({.engine = &eager_dirty()}, {.engine = &eager_dirty(), .defect = Defect::last_entry_skipped});
  Program program = input_of(zap).document.program;
  const std::string difference = comparison.compare(program);
  BOOST_TEST(contains(difference, "operation 3, cpu 0:\n"), difference);
  BOOST_TEST(contains(difference, "mm 0 pte 1: file 0 page 1"), difference);
  BOOST_TEST(comparison.counts().different == 1U);
  BOOST_TEST(comparison.counts().in_words(eager_dirty(), eager_dirty()) ==
             "eager_dirty and eager_dirty: 1 programs, 3 operations; 0 not possible; 0 explained; 1 differ");
}

BOOST_AUTO_TEST_CASE(what_one_refuses_is_counted) {
  const UnwillingEngine unwilling;
  Comparison comparison({.engine = &eager_dirty()}, {.engine = &unwilling});
  Program program = input_of(zap).document.program;
  BOOST_TEST(comparison.compare(program).empty());
  BOOST_TEST(comparison.counts().refused == 1U);
  BOOST_TEST(comparison.counts().programs == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
