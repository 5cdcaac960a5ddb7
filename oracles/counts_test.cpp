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
  run.world.frames_in_use.resize(4);
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
  run.world.add_frame();
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
  mm.rss = {0, 0, 2};
  BOOST_TEST(fact_at_the_end(run) == "at the end mm 1 counts 2 pages in swap space");
  mm.rss = {1, -1, 0};
  BOOST_TEST(fact_at_the_end(run) == "at the end mm 1 counts 1 pages of files");
}

BOOST_AUTO_TEST_CASE(no_more_entries_lead_to_a_page_than_it_counts) {
  HandMadeRun run;
  FrameFacts& facts = run.world.add_page(0, 1).facts;
  const event::SetEntry set{.mm = 0, .page = 0, .entry = {EntryFact::present_bit}};
  facts.mapcount = 2;
  facts.entries = 1;
  run.happens(1, set);
  run.happens(1, event::RemoveRmap{.page = facts.page, .mapcount = 2});
  BOOST_TEST(run.holds());
  facts.mapcount = 0;
  run.happens(1, event::RemoveRmap{.page = facts.page, .mapcount = 0});
  BOOST_TEST(run.fact(id) == "page frame 0 has mapcount 0, but 1 page-table entries lead to it");
  run.begin();
  run.happens(1, set);
  BOOST_TEST(run.fact(id) == "page frame 0 has mapcount 0, but 1 page-table entries lead to it");
}

BOOST_AUTO_TEST_CASE(no_present_entry_leads_to_a_devices_private_memory) {
  HandMadeRun run;
  FrameFacts& facts = run.world.add_page(0, 1).facts;
  facts.of_device = true;
  facts.mapcount = 1;
  run.happens(1, event::SetEntry{.mm = 0, .page = 1, .entry = EntryFact::private_to_device(0)});
  BOOST_TEST(run.holds());
  run.happens(1, event::SetEntry{.mm = 0, .page = 1, .entry = {EntryFact::present_bit}});
  BOOST_TEST(run.fact(id) == "virtual page 1 of mm 0 leads to page frame 0, which no CPU can reach");
}

namespace {

// Mm 1 maps a page of a file, an anonymous one, one in swap space, the page of zeros, and one that is being moved; and has counted so.
struct FiveEntries : HandMadeRun {
  FiveEntries() {
    world.config.mms = 2;
    begin(&MachineConfig::pages, 8);
    world.add_page(0, 1).facts.mapcount = 1;
    for (int frame = 1; frame <= 3; ++frame) world.frames_in_use.emplace_back();
    world.frames_in_use[1].facts = {.mapcount = 1, .anonymous = true};
    world.frames_in_use[2].facts.uncounted = true;
    world.frames_in_use[3].facts.anonymous = true;
    set(0, leads_to(0));
    set(1, leads_to(1));
    set(2, EntryFact::in_swap(1));
    set(3, leads_to(2));
    set(4, EntryFact::in_migration(3));
    rss() = {1, 2, 1};
  }
  static EntryFact leads_to(Fact frame) { return {EntryFact::present_bit | frame << EntryFact::frame_shift}; }
  void set(Fact page, EntryFact entry) { happens(0, event::SetEntry{.mm = 1, .page = page, .entry = entry}); }
  std::array<long, rss_kinds>& rss() { return world.mms[1].rss; }
  void drop_lock(LockClass kind = LockClass::page_table, Fact mm = 1) {
    happens(0, event::DropLock{.lock = {.kind = kind, .owner = mm}});
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(an_mm_counts_what_its_entries_lead_to, FiveEntries) {
  drop_lock();
  set(0, leads_to(1));
  rss() = {0, 3, 1};
  drop_lock();
  happens(0, event::ClearEntry{.mm = 1, .page = 2});
  rss() = {0, 3, 0};
  drop_lock();
  BOOST_TEST(holds());
  set(2, EntryFact::in_swap(1));
  rss() = {1, 2, 1};
  drop_lock();
  BOOST_TEST(fact(id) == "mm 1 counts 1 pages of files, but 0 entries lead to such");
}

BOOST_FIXTURE_TEST_CASE(while_it_changes_its_entries_an_mm_may_count_otherwise, FiveEntries) {
  happens(0, event::ClearEntry{.mm = 1, .page = 1});
  drop_lock(LockClass::i_mmap);
  drop_lock(LockClass::page_table, 0);
  world.mms[1].page_table_locked = true;
  drop_lock();
  world.mms[1].page_table_locked = false;
  world.rss_at_once = false;
  drop_lock();
  BOOST_TEST(holds());
  world.rss_at_once = true;
  drop_lock();
  BOOST_TEST(fact(id) == "mm 1 counts 2 anonymous pages, but 1 entries lead to such");
}

BOOST_AUTO_TEST_CASE(at_the_end_swap_space_is_free) {
  HandMadeRun run;
  run.world.swap_users_of = {0, 0};
  BOOST_TEST(fact_at_the_end(run) == "");
  run.world.swap_users_of = {0, 3};
  BOOST_TEST(fact_at_the_end(run) == "at the end 3 entries lead to swap slot 1, by the kernel's count");
}

BOOST_AUTO_TEST_SUITE_END()
