#include "oracles/counts.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(counts)

namespace {

constexpr OracleId id = OracleId::counts;

// What is found at the end of a run in this world.
std::string fact_at_the_end(HandMadeRun& run, Outcome outcome = Outcome::completed) {
  run.begin();
  run.end(outcome);
  return run.fact(id);
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_count_falls_below_zero) {
  HandMadeRun run;
  run.happens(1, event::PutPage{.page = {.frame = 3}, .refcount = 0});
  run.happens(1, event::RemoveRmap{.page = {.frame = 3}, .mapcount = 0});
  BOOST_TEST(run.holds());
  run.happens(1, event::PutPage{.page = {.frame = 3}, .refcount = -1});
  BOOST_TEST(run.fact(id) == "the refcount of page frame 3 falls to -1");
  run.begin();
  run.happens(1, event::RemoveRmap{.page = {.frame = 3}, .mapcount = -2});
  BOOST_TEST(run.fact(id) == "the mapcount of page frame 3 falls to -2");
}

BOOST_AUTO_TEST_CASE(a_freed_page_has_no_references_and_mappings) {
  HandMadeRun run;
  run.happens(1, event::FreePage{.page = {.frame = 3}});
  BOOST_TEST(run.holds());
  run.happens(1, event::FreePage{.page = {.frame = 3}, .refcount = 0, .mapcount = 1});
  BOOST_TEST(run.fact(id) == "page frame 3 is freed with refcount 0 and mapcount 1");
  run.begin();
  run.happens(1, event::FreePage{.page = {.frame = 3}, .refcount = 1, .mapcount = 0});
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(a_page_that_leaves_the_cache_is_not_mapped) {
  HandMadeRun run;
  FrameFacts& facts = run.world.add_page(0, 1).facts;
  run.happens(1, event::RemoveFromPageCache{.page = facts.page});
  BOOST_TEST(run.holds());
  facts.entries = 1;
  run.happens(1, event::RemoveFromPageCache{.page = facts.page});
  BOOST_TEST(run.fact(id) == "page frame 0 has mapcount 0, but 1 page-table entries lead to it");
  BOOST_TEST(run.report().violation(id).cpu == 1);

  run.begin();
  facts.mapcount = 1;
  run.happens(1, event::RemoveFromPageCache{.page = facts.page});
  BOOST_TEST(run.fact(id) == "page frame 0 leaves the page cache with mapcount 1");
}

BOOST_AUTO_TEST_CASE(at_the_end_pages_are_free_or_the_caches) {
  HandMadeRun run;
  FrameFacts& facts = run.world.add_page(0, 1).facts;
  run.world.frames_in_use.emplace_back();
  BOOST_TEST(fact_at_the_end(run) == "");

  facts.flags |= PG_buffers;
  BOOST_TEST(fact_at_the_end(run) ==
             "at the end page frame 0, which is in the page cache, has refcount 1 instead of 2");
  facts.refcount = 2;
  BOOST_TEST(fact_at_the_end(run) == "");

  facts.mapcount = 1;
  BOOST_TEST(fact_at_the_end(run) == "at the end page frame 0 has mapcount 1");
  facts.mapcount = 0;
  facts.entries = 1;
  BOOST_TEST(fact_at_the_end(run) == "page frame 0 has mapcount 0, but 1 page-table entries lead to it");
  facts.entries = 0;

  run.world.frames_in_use[1].facts.refcount = 1;
  BOOST_TEST(fact_at_the_end(run) ==
             "at the end page frame 1, which is not in the page cache, has refcount 1 instead of 0");
  BOOST_TEST(run.report().violation(id).cpu == -1);
  BOOST_TEST(fact_at_the_end(run, Outcome::deadlock) == "");
}

BOOST_AUTO_TEST_CASE(at_the_end_address_spaces_are_empty) {
  HandMadeRun run;
  TestMm& mm = run.world.mms[1];
  run.world.config.mms = 2;
  mm.present_entries = {0, 0, 3};
  BOOST_TEST(fact_at_the_end(run) == "at the end page table 2 of mm 1 counts 3 present entries");
  mm.flushes_pending = 1;
  BOOST_TEST(fact_at_the_end(run) == "at the end mm 1 has 1 flushes pending");
  mm.rss.swapped = 2;
  BOOST_TEST(fact_at_the_end(run) == "at the end mm 1 counts 2 pages in swap space");
  mm.rss.anonymous = 1;
  BOOST_TEST(fact_at_the_end(run) == "at the end mm 1 has an RSS of 1 anonymous pages");
  mm.rss.file = -1;
  BOOST_TEST(fact_at_the_end(run) == "at the end mm 1 has an RSS of -1 pages of files");
}

BOOST_AUTO_TEST_CASE(at_the_end_swap_space_is_free) {
  HandMadeRun run;
  run.world.swap_users_of = {0, 0};
  BOOST_TEST(fact_at_the_end(run) == "");
  run.world.swap_users_of = {0, 3};
  BOOST_TEST(fact_at_the_end(run) == "at the end 3 entries lead to swap slot 1, by the kernel's count");
}

BOOST_AUTO_TEST_SUITE_END()
