#include "engine/reference/private_memory.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

namespace {

// Pages of files are 0 to 9; there are three address spaces of six places each, four frames, and two slots of swap space.
struct EighteenPlaces {
  static constexpr PrivateMemory::PageNumber nothing = PrivateMemory::nothing;
  Arena arena;
  PrivateMemory memory{arena, 10, 18, 6, 4, 2};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(private_memory, EighteenPlaces)

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
  for (int place = 0; place < 12; ++place) {
    memory.map(place, nothing);
    const auto own = memory.make_own(place);
    BOOST_TEST(own >= 10);
    BOOST_TEST(memory.word(own, 1) == 0U);
    memory.word(own, 1) = static_cast<std::uint32_t>(100 + place);
  }
  for (int place = 0; place < 12; ++place) {
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
struct Freed : EighteenPlaces {
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

BOOST_FIXTURE_TEST_CASE(only_anonymous_memory_is_freed, EighteenPlaces) {
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

// The frame has been used for something else meanwhile.
BOOST_FIXTURE_TEST_CASE(the_same_frame_may_come_back_empty, Freed) {
  memory.end_free(3);
  memory.free(1);
  memory.show(3, 1);
  BOOST_TEST(word() == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_comes_back_from_swap_space_was_not_thrown_away, Freed) {
  memory.end_free(3);
  memory.swap_out(1, 0);
  memory.free(1);
  memory.swap_in(0, 2);
  memory.show(3, 2);
  BOOST_TEST(word() == 7U);
  memory.swap_in(1, 1);  // nothing was put there
  memory.show(3, 1);
  BOOST_TEST(word() == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_has_been_moved_was_not_thrown_away, Freed) {
  memory.end_free(3);
  memory.migrate(1, 2);
  memory.free(1);
  memory.show(3, 2);
  BOOST_TEST(word() == 7U);
}

// --- devices ---

BOOST_FIXTURE_TEST_CASE(a_place_shows_its_frame, Freed) {
  BOOST_TEST(memory.place_of(1, 3) == 3);
  BOOST_TEST(memory.place_of(2, 3) == -1);
  memory.fork(3, 9);
  memory.end_fork(3);
  BOOST_TEST(memory.place_of(1, 3) == 3);
  BOOST_TEST(memory.place_of(1, 9) == 9);
  memory.move(3, 4);
  memory.map_shared(3);
  BOOST_TEST(memory.place_of(1, 3) == 4);
}

BOOST_FIXTURE_TEST_CASE(a_frame_does_not_hold_what_nobody_has_any_more, Freed) {
  BOOST_TEST(memory.held(1) == memory.own(3));
  memory.map(3, nothing);
  BOOST_TEST(memory.held(1) == nothing);
}

// --- forks ---

// Place 1 of the first address space is anonymous, and has the word 7 in frame 1; the second is its child from now on.
struct Forked : EighteenPlaces {
  Forked() {
    memory.map(1, nothing);
    memory.word(memory.make_own(1), 0) = 7;
    memory.show(1, 1);
    memory.fork(1, 7);
    memory.show(7, 1);
  }
  std::uint32_t word(int place) const { return memory.word(memory.own(place), 0); }
  void store(int place, std::uint32_t value) { memory.word(memory.own_to_store(place), 0) = value; }
};

BOOST_FIXTURE_TEST_CASE(a_child_has_what_its_parent_has, Forked) {
  BOOST_TEST(memory.is_private(7));
  BOOST_TEST(memory.own(7) == memory.own(1));
  BOOST_TEST(word(7) == 7U);
}

BOOST_FIXTURE_TEST_CASE(stores_while_it_forks_are_to_both, Forked) {
  store(1, 8);
  BOOST_TEST(word(1) == 8U);
  BOOST_TEST(word(7) == 8U);
}

BOOST_FIXTURE_TEST_CASE(later_each_stores_to_its_own, Forked) {
  memory.end_fork(1);
  store(1, 8);
  BOOST_TEST(word(1) == 8U);
  BOOST_TEST(word(7) == 7U);
  store(7, 9);
  BOOST_TEST(word(1) == 8U);
  BOOST_TEST(word(7) == 9U);
}

// What an older child has the parent must not change.
BOOST_FIXTURE_TEST_CASE(who_has_forked_before_stores_to_its_own, Forked) {
  memory.end_fork(1);
  memory.fork(1, 8);
  store(1, 8);
  BOOST_TEST(word(1) == 8U);
  BOOST_TEST(word(7) == 7U);
  BOOST_TEST(word(8) == 7U);
}

// Zeros of which there was no page yet: the one that is made then is no older child's. A device may write to it, and nobody else before.
BOOST_FIXTURE_TEST_CASE(who_has_forked_before_there_was_a_page_stores_to_both, EighteenPlaces) {
  memory.map(1, nothing);
  memory.make_own(1);
  memory.fork(1, 7);
  memory.end_fork(1);
  memory.show(1, 1);
  memory.fork(1, 13);
  memory.word(memory.own_to_store(1), 0) = 8;
  const auto word = [&](int place) { return memory.word(memory.own(place), 0); };
  BOOST_TEST(word(1) == 8U);
  BOOST_TEST(word(7) == 0U);
  BOOST_TEST(word(13) == 8U);
}

BOOST_FIXTURE_TEST_CASE(a_copy_is_its_own, Forked) {
  memory.end_fork(1);
  BOOST_TEST(memory.held(1) == memory.own(1));
  memory.copy(2, 0, word(1));
  memory.show_copy(1, 2);
  BOOST_TEST(memory.own(1) != memory.own(7));
  BOOST_TEST(memory.held(2) == memory.own(1));
  BOOST_TEST(memory.held(1) == memory.own(7));
  store(1, 8);
  store(7, 9);
  BOOST_TEST(word(1) == 8U);
  BOOST_TEST(word(7) == 9U);
  // Its child may use the frame again, and so may whoever gets it when it is free.
  BOOST_TEST(memory.held(1) == memory.own(7));
  memory.free(1);
  BOOST_TEST(memory.held(1) == nothing);
}

// The parent has gone, and the child has its frame for itself.
BOOST_FIXTURE_TEST_CASE(who_is_left_has_what_the_frame_holds, Forked) {
  memory.end_fork(1);
  store(7, 9);
  BOOST_TEST(memory.held(1) == memory.own(7));
}

BOOST_FIXTURE_TEST_CASE(what_one_throws_away_the_other_keeps, Forked) {
  memory.end_fork(1);
  BOOST_TEST(memory.separate(1) != memory.own(7));
  BOOST_TEST(word(1) == 7U);
  memory.throw_away(1);
  BOOST_TEST(word(1) == 0U);
  BOOST_TEST(word(7) == 7U);
  BOOST_TEST(memory.held(1) == memory.own(7));
  // Nobody shares it any more.
  BOOST_TEST(memory.separate(7) == memory.own(7));
  memory.throw_away(7);
  BOOST_TEST(word(7) == 0U);
  BOOST_TEST(memory.held(1) == nothing);
}

BOOST_FIXTURE_TEST_CASE(what_both_have_freed_each_loses_for_itself, Forked) {
  memory.begin_free(1);
  memory.end_free(1);
  memory.fork(1, 13);
  memory.end_fork(1);
  memory.show(13, 2);
  BOOST_TEST(word(13) == 0U);
  BOOST_TEST(word(1) == 7U);
  memory.show(1, 3);
  BOOST_TEST(word(1) == 0U);
  // Who had it before the call has it still.
  memory.show(7, 0);
  BOOST_TEST(word(7) == 7U);
}

BOOST_FIXTURE_TEST_CASE(a_copy_of_what_was_freed_stays, Forked) {
  memory.begin_free(1);
  memory.end_free(1);
  memory.end_fork(1);
  memory.copy(2, 0, 7);
  memory.show_copy(1, 2);
  memory.show(1, 3);
  BOOST_TEST(word(1) == 7U);
}

// In one address space there is no difference between the place where it was and where it is.
BOOST_FIXTURE_TEST_CASE(what_has_moved_is_one, Forked) {
  memory.map_shared(7);
  memory.end_fork(1);
  memory.move(1, 3);
  store(3, 8);
  BOOST_TEST(word(1) == 8U);
}

BOOST_AUTO_TEST_CASE(while_a_fork_goes_on_a_store_to_where_it_has_moved_from_is_to_both) {
  memory.map(0, nothing);
  memory.make_own(0);
  memory.map(1, nothing);
  memory.move(0, 1);
  memory.map(7, nothing);
  memory.fork(1, 7);
  const auto shared = memory.own(7);
  BOOST_TEST(memory.own(0) == shared);
  BOOST_TEST(memory.own_to_store(0) == shared);
  BOOST_TEST(memory.own_to_store(1) == shared);
  for (int place = 0; place < 6; ++place) memory.end_fork(place);
  BOOST_TEST(memory.own_to_store(0) != shared);
  BOOST_TEST(memory.own(1) == memory.own(0));
  BOOST_TEST(memory.own(7) == shared);
}

BOOST_AUTO_TEST_SUITE_END()
