// Whether each counter has code of its own, after the optimiser, as a fuzzer's instrumentation sees it.
//
// fuzz/targets/features.cpp is compiled with -O2 and -fsanitize-coverage=trace-pc for this: every basic block that a fuzzer
// would count calls the function below.
#include "fuzz/targets/features.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>

namespace {

// Where the blocks are that were reached; null: nobody asks.
std::set<const void*>* reached = nullptr;

}  // namespace

// The compiler's name.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void __sanitizer_cov_trace_pc() {
  if (reached != nullptr) reached->insert(__builtin_return_address(0));
}

namespace shootdown {

namespace {

using Counters = std::array<std::uint8_t, StateCoverage::counters>;

std::set<const void*> blocks_of(Counters counters) {
  std::set<const void*> blocks;
  reached = &blocks;
  visit_features(counters);
  reached = nullptr;
  return blocks;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(features)

BOOST_AUTO_TEST_CASE(each_counter_has_a_block_of_its_own) {
  std::map<const void*, std::size_t> features_of_block;
  for (std::size_t number = 0; number < StateCoverage::counters; ++number) {
    Counters counters{};
    counters[number] = 1;
    for (const void* const block : blocks_of(counters)) ++features_of_block[block];
  }
  std::size_t own = 0;
  for (const auto& [block, features] : features_of_block) {
    if (features == 1) ++own;
  }
  BOOST_TEST(own == StateCoverage::counters);
}

BOOST_AUTO_TEST_CASE(all_counters_are_visited_and_cleared) {
  Counters counters{};
  for (std::size_t number = 0; number < counters.size(); ++number) {
    counters[number] = static_cast<std::uint8_t>(1 + number % 255);
  }
  BOOST_TEST(blocks_of(counters).size() >= StateCoverage::counters);
  visit_features(counters);
  BOOST_TEST(std::accumulate(counters.begin(), counters.end(), 0) == 0);
}

BOOST_AUTO_TEST_CASE(no_counter_no_feature) {
  BOOST_TEST(blocks_of({}).size() < 10U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
