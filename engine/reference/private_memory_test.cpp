#include "engine/reference/private_memory.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

namespace {

// Pages of files are 0 to 9; there are six places, and four frames.
struct SixPlaces {
  static constexpr PrivateMemory::PageNumber nothing = PrivateMemory::nothing;
  Arena arena;
  PrivateMemory memory{arena, 10, 6, 4};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(private_memory, SixPlaces)

BOOST_AUTO_TEST_CASE(it_needs_no_room_before_there_is_any) {
  const std::size_t used = arena.used().size();
  memory.map_shared(0);
  memory.move(0, 1);
  memory.copy(0, 0, 7);
  memory.free(0);
  BOOST_TEST(!memory.exists());
  BOOST_TEST(!memory.is_private(0));
  BOOST_TEST(!memory.is_copy(0));
  BOOST_TEST(memory.own(0) == nothing);
  BOOST_TEST(arena.used().size() == used);
  memory.map(0, 3);
  BOOST_TEST(memory.exists());
  BOOST_TEST(arena.used().size() > used);
}

BOOST_AUTO_TEST_CASE(what_is_mapped_has_nothing_of_its_own_yet) {
  memory.map(2, 3);
  BOOST_TEST(memory.is_private(2));
  BOOST_TEST(memory.behind(2) == 3);
  BOOST_TEST(memory.own(2) == nothing);
  BOOST_TEST(!memory.is_private(1));
  memory.map_shared(2);
  BOOST_TEST(!memory.is_private(2));
}

BOOST_AUTO_TEST_CASE(each_place_gets_zeros_of_its_own) {
  for (int place = 0; place < 6; ++place) {
    memory.map(place, nothing);
    const auto own = memory.make_own(place);
    BOOST_TEST(own >= 10);
    BOOST_TEST(memory.word(own, 1) == 0U);
    memory.word(own, 1) = static_cast<std::uint32_t>(100 + place);
  }
  for (int place = 0; place < 6; ++place) {
    BOOST_TEST(memory.make_own(place) == memory.own(place));
    BOOST_TEST(memory.word(memory.own(place), 1) == 100U + static_cast<unsigned>(place));
  }
  // All are taken: what is given up is there for others, as zeros.
  memory.map_shared(4);
  memory.map(4, 5);
  BOOST_TEST(memory.word(memory.make_own(4), 1) == 0U);
}

BOOST_AUTO_TEST_CASE(a_copy_is_what_was_copied_when_it_is_shown) {
  memory.map(1, 3);
  memory.copy(2, 0, 7);
  memory.copy(2, 1, 8);
  BOOST_TEST(memory.is_copy(2));
  BOOST_TEST(!memory.is_copy(1));
  const auto own = memory.show_copy(1, 2);
  BOOST_TEST(own == memory.own(1));
  BOOST_TEST(memory.word(own, 0) == 7U);
  BOOST_TEST(memory.word(own, 1) == 8U);
  BOOST_TEST(!memory.is_copy(2));
  memory.copy(3, 0, 9);
  memory.free(3);
  BOOST_TEST(!memory.is_copy(3));
}

BOOST_AUTO_TEST_CASE(it_is_at_both_places_while_it_moves) {
  memory.map(0, nothing);
  const auto own = memory.make_own(0);
  memory.word(own, 0) = 5;
  memory.move(0, 4);
  BOOST_TEST(memory.own(4) == own);
  BOOST_TEST(memory.own(0) == own);
  BOOST_TEST(memory.is_private(4));
  memory.map_shared(0);
  memory.map(1, nothing);
  BOOST_TEST(memory.make_own(1) != own);
  BOOST_TEST(memory.word(own, 0) == 5U);
  memory.move(4, 4);
  BOOST_TEST(memory.word(memory.own(4), 0) == 5U);
}

// Place 3 is anonymous, has the word 7 in frame 1, and was freed lazily.
struct Freed : SixPlaces {
  Freed() {
    memory.map(3, nothing);
    memory.word(memory.make_own(3), 0) = 7;
    memory.show(3, 1);
    memory.begin_free(3);
  }
  std::uint32_t word() const { return memory.word(memory.own(3), 0); }
};

BOOST_FIXTURE_TEST_CASE(what_was_freed_is_there_while_its_frame_is, Freed) {
  memory.end_free(3);
  memory.show(3, 1);
  BOOST_TEST(word() == 7U);
  memory.show(3, 2);
  BOOST_TEST(word() == 0U);
  // That was all: another frame must have what is there.
  memory.word(memory.own(3), 0) = 8;
  memory.show(3, 1);
  BOOST_TEST(word() == 8U);
}

BOOST_FIXTURE_TEST_CASE(what_is_stored_afterwards_stays, Freed) {
  memory.end_free(3);
  memory.keep(3);
  memory.show(3, 2);
  BOOST_TEST(word() == 7U);
}

BOOST_FIXTURE_TEST_CASE(what_is_stored_meanwhile_may_go, Freed) {
  memory.keep(3);
  memory.show(3, 2);
  BOOST_TEST(word() == 0U);
  memory.word(memory.own(3), 0) = 9;
  memory.keep(3);
  memory.end_free(3);
  memory.show(3, 1);
  BOOST_TEST(word() == 0U);
}

BOOST_FIXTURE_TEST_CASE(each_of_two_calls_counts, Freed) {
  memory.begin_free(3);
  memory.end_free(3);
  memory.keep(3);
  memory.show(3, 2);
  BOOST_TEST(word() == 0U);
}

BOOST_FIXTURE_TEST_CASE(only_anonymous_memory_is_freed, SixPlaces) {
  memory.map(2, 5);
  memory.word(memory.make_own(2), 0) = 7;
  memory.show(2, 1);
  for (const int place : {2, 4}) {
    memory.begin_free(place);
    memory.end_free(place);
  }
  memory.show(2, 3);
  BOOST_TEST(memory.word(memory.own(2), 0) == 7U);
}

BOOST_FIXTURE_TEST_CASE(it_moves_with_what_is_there, Freed) {
  memory.end_free(3);
  memory.move(3, 5);
  memory.show(5, 1);
  BOOST_TEST(memory.word(memory.own(5), 0) == 7U);
  memory.show(5, 2);
  BOOST_TEST(memory.word(memory.own(5), 0) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
