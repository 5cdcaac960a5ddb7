// What is known of steps before they are made.
#include "engine/sched/races.h"

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(races)

namespace {

constexpr int mine = 0;
constexpr int its = 1;

template <typename A, typename B>
bool race(const A& a, const B& b) {
  const bool there = may_race(mine, step_point(a), its, step_point(b));
  BOOST_TEST(there == may_race(its, step_point(b), mine, step_point(a)));
  return there;
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_race_that_touch_the_same_place_if_one_changes_it) {
  const event::UserAccess store{.mm = 0, .page = 3, .word = 0, .store = 1};
  const event::ReadEntry read{.mm = 0, .page = 3};
  BOOST_TEST(race(store, event::ClearEntry{.mm = 0, .page = 3}));
  BOOST_TEST(race(store, read));
  BOOST_TEST(!race(store, event::ClearEntry{.mm = 0, .page = 4}));
  BOOST_TEST(!race(store, event::ClearEntry{.mm = 1, .page = 3}));
  BOOST_TEST(!race(read, read));
  BOOST_TEST(race(event::ReadMapcount{.page = {.frame = 1}}, event::RemoveRmap{.page = {.frame = 1}}));
  BOOST_TEST(!race(event::FsyncBegins{.file = 0, .first = 0, .count = 1}, store));
}

BOOST_AUTO_TEST_CASE(ranges_race_where_they_overlap) {
  const event::TagForWriteback tags{.file = 0, .first = 2, .count = 3};
  const auto tag = [](Fact index) {
    return event::TagPage{.file = 0, .index = index, .tag = PAGECACHE_TAG_DIRTY, .pages = 2};
  };
  BOOST_TEST(!race(tags, tag(0)));
  BOOST_TEST(race(tags, tag(1)));
  BOOST_TEST(race(tags, tag(4)));
  BOOST_TEST(!race(tags, tag(5)));
}

BOOST_AUTO_TEST_CASE(what_is_stored_next_is_nothing_that_programs_share) {
  const event::UserAccess here{.mm = 0, .page = 0, .word = 0, .store = 1};
  const event::UserAccess there{.mm = 0, .page = 1, .word = 0, .store = 1};
  BOOST_TEST(!race(here, there));
}

BOOST_AUTO_TEST_CASE(who_only_waits_races_with_nobody) {
  const event::ClearEntry clear{.mm = 0, .page = 0};
  BOOST_TEST(!may_race(mine, step_point(clear), its, StepPoint{.kind = kind_of<event::WaitForFlush>}));
}

BOOST_AUTO_TEST_CASE(accesses_of_code_race_if_they_are_to_one_object) {
  constexpr EventKind no_event = 0xFF;
  const auto at = [](Fact object) { return StepPoint{.kind = no_event, .subject = object}; };
  BOOST_TEST(may_race(mine, at(8), its, at(8)));
  BOOST_TEST(!may_race(mine, at(8), its, at(9)));
  BOOST_TEST(kinds_touched(no_event) == 0U);
}

BOOST_AUTO_TEST_CASE(kinds_of_steps_touch_kinds_of_places) {
  const auto bit = [](Places::Kind kind) { return place_kind(static_cast<int>(kind)); };
  using enum Places::Kind;
  BOOST_TEST(kinds_touched(kind_of<event::UserAccess>) == (bit(tlb) | bit(entry) | bit(words)));
  BOOST_TEST(kinds_touched(kind_of<event::RemoveRmap>) == bit(mapcount));
  BOOST_TEST(kinds_touched(kind_of<event::BeginZap>) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
