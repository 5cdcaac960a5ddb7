#include "oracles/lost_dirty_data.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(lost_dirty_data)

namespace {

constexpr OracleId id = OracleId::lost_dirty_data;

// A page with 5 in its second word, where the disk has 4.
struct UnsavedPage : HandMadeRun {
  UnsavedPage() : frame(world.add_page(0, 1)) {
    frame.words[1] = 5;
    world.disk[{0, 1, 1}] = 4;
  }
  TestFrame& frame;
};

}  // namespace

BOOST_AUTO_TEST_CASE(fires_when_a_page_with_other_contents_than_the_disk_is_removed) {
  UnsavedPage run;
  run.happens(2, event::RemoveFromPageCache{.page = run.frame.facts.page});
  BOOST_TEST(run.fact(id) ==
             "page 1 of file 0 leaves the page cache clean, but its word 1 is 5 in memory and 4 on the disk");
  BOOST_TEST(run.report().violation(id).cpu == 2);
}

BOOST_AUTO_TEST_CASE(silent_when_a_page_is_removed_that_was_never_read_in) {
  UnsavedPage run;
  run.frame.facts.flags &= ~static_cast<Fact>(PG_uptodate);
  run.happens(2, event::RemoveFromPageCache{.page = run.frame.facts.page});
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_when_a_clean_page_with_other_contents_than_the_disk_is_left) {
  UnsavedPage run;
  run.end();
  BOOST_TEST(run.fact(id) ==
             "page 1 of file 0 is left in the page cache clean, but its word 1 is 5 in memory and 4 on the disk");
  BOOST_TEST(run.report().violation(id).cpu == -1);
}

BOOST_AUTO_TEST_CASE(fires_when_a_page_with_other_contents_than_the_disk_is_let_go_of) {
  for (const bool buffers : {false, true}) {
    UnsavedPage run;
    run.frame.facts.flags |= buffers ? PG_buffers : 0U;
    run.frame.facts.refcount = buffers ? 2 : 1;
    run.happens(2, event::PutPage{.page = run.frame.facts.page, .refcount = run.frame.facts.refcount});
    BOOST_TEST(run.fact(id) == "page 1 of file 0 is let go of clean, but its word 1 is 5 in memory and 4 on the disk");
  }
}

BOOST_AUTO_TEST_CASE(silent_for_a_page_that_somebody_still_uses_or_that_is_saved) {
  UnsavedPage run;
  FrameFacts& facts = run.frame.facts;
  const auto put = [&] { run.happens(2, event::PutPage{.page = facts.page, .refcount = facts.refcount}); };
  const FrameFacts let_go = facts;
  for (const PageFlag flag : {PG_dirty, PG_locked, PG_writeback, PG_buffers}) {
    facts.flags = let_go.flags | flag;
    put();
  }
  facts = let_go;
  facts.flags = 0;  // not read in yet
  put();
  facts = let_go;
  facts.mapcount = 1;
  put();
  facts = let_go;
  facts.refcount = 2;
  put();
  facts = let_go;
  facts.page.file = no_fact;
  put();
  facts = let_go;
  run.world.disk[{0, 1, 1}] = 5;
  put();
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(silent_for_a_page_that_is_dirty_or_saved) {
  UnsavedPage run;
  run.frame.facts.flags |= PG_dirty;
  run.end();
  BOOST_TEST(!run.breaks(id));

  run.begin();
  run.frame.facts.flags &= ~static_cast<Fact>(PG_dirty);
  run.world.disk[{0, 1, 1}] = 5;
  run.happens(2, event::RemoveFromPageCache{.page = run.frame.facts.page});
  run.end();
  BOOST_TEST(!run.breaks(id));
}

// Whoever saves it looks at the buffers, and writes nothing.
BOOST_AUTO_TEST_CASE(fires_for_a_page_that_is_dirty_while_its_buffers_are_clean) {
  for (const Fact buffers : {PG_buffers | PG_buffers_dirty, +PG_buffers}) {
    UnsavedPage run;
    run.frame.facts.flags |= PG_dirty | buffers;
    run.frame.facts.refcount = 2;
    run.happens(2, event::PutPage{.page = run.frame.facts.page, .refcount = 2});
    BOOST_TEST(run.breaks(id) == (buffers == PG_buffers));
    run.begin();
    run.end();
    BOOST_TEST(run.breaks(id) == (buffers == PG_buffers));
  }
}

BOOST_AUTO_TEST_CASE(silent_when_a_run_was_cut_off) {
  UnsavedPage run;
  run.end(Outcome::too_many_steps);
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(silent_for_what_is_discarded_and_not_for_other_pages) {
  const event::BeginDiscard begins{.file = 0, .first = 1, .count = 1};
  const event::EndDiscard ends{.file = 0, .first = 1, .count = 1};
  UnsavedPage run;
  const PageFact page = run.frame.facts.page;
  run.happens(2, begins);
  run.happens(1, event::PutPage{.page = page, .refcount = 1});
  run.happens(2, event::RemoveFromPageCache{.page = page});
  BOOST_TEST(!run.breaks(id));
  run.happens(2, ends);
  run.happens(1, event::PutPage{.page = page, .refcount = 1});
  BOOST_TEST(run.breaks(id));

  for (const event::BeginDiscard& other : {event::BeginDiscard{.file = 0, .first = 0, .count = 1},
                                           event::BeginDiscard{.file = 0, .first = 2, .count = 1}}) {
    run.begin();
    run.happens(2, other);
    run.happens(2, event::RemoveFromPageCache{.page = page});
    BOOST_TEST(run.breaks(id));
  }
}

BOOST_AUTO_TEST_CASE(silent_when_a_page_is_dropped_that_is_pinned) {
  UnsavedPage run;
  run.frame.facts.refcount += gup_pin_counting_bias;
  run.happens(2, event::RemoveFromPageCache{.page = run.frame.facts.page});
  BOOST_TEST(!run.breaks(id));
  run.frame.facts.refcount -= gup_pin_counting_bias;
  run.happens(2, event::RemoveFromPageCache{.page = run.frame.facts.page});
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_SUITE_END()
