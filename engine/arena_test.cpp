// Each run begins with the same bytes; and where AddressSanitizer looks, what was not made is not touched.
#include "engine/arena.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/sanitizer.h"

#ifdef SHOOTDOWN_ASAN
#include <sanitizer/asan_interface.h>
#endif

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(arena)

BOOST_AUTO_TEST_CASE(what_is_taken_back_is_zero_when_it_is_made_again) {
  Arena arena;
  Row<std::uint8_t> row = arena.row<std::uint8_t>(100);
  std::ranges::fill(row, std::uint8_t{7});
  const std::uint8_t* const where = row.begin();
  const std::size_t used = arena.used().size();
  BOOST_TEST(used >= 100U);
  arena.clear();
  BOOST_TEST(arena.used().empty());
  row = arena.row<std::uint8_t>(100);
  BOOST_TEST(row.begin() == where);
  BOOST_TEST(arena.used().size() == used);
  BOOST_TEST(std::ranges::all_of(row, [](std::uint8_t byte) { return byte == 0; }));
}

BOOST_AUTO_TEST_CASE(what_was_copied_away_can_be_put_back) {
  if (memory_is_sanitized) return;  // between things lies what must not be read
  Arena arena;
  auto& kept = arena.make<std::uint64_t>(1U);
  const std::vector<std::byte> bytes(arena.used().begin(), arena.used().end());
  kept = 2;
  const auto& later = arena.make<std::uint64_t>(3U);
  arena.restore(bytes);
  BOOST_TEST(kept == 1U);
  BOOST_TEST(later == 0U);
  BOOST_TEST(&arena.make<std::uint64_t>(4U) == &later);
}

#ifdef SHOOTDOWN_ASAN
BOOST_AUTO_TEST_CASE(what_was_not_made_is_forbidden_however_much_is) {
  Arena arena;
  const auto forbidden = [](const void* place) { return __asan_address_is_poisoned(place) != 0; };
  const std::byte* const begin = arena.place().data();
  BOOST_TEST(forbidden(begin));
  for (int i = 0; i < 200; ++i) {
    const Row<std::byte> row = arena.row<std::byte>(10'000);
    BOOST_TEST(!forbidden(row.begin()));
    BOOST_TEST(!forbidden(row.end() - 1));
    BOOST_TEST(forbidden(row.end()));
    BOOST_TEST(forbidden(row.end() + 60'000));
  }
  arena.clear();
  BOOST_TEST(forbidden(begin));
  BOOST_TEST(forbidden(begin + 60'000));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
