#include "oracles/fsync_durability.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(fsync_durability)

namespace {

constexpr OracleId id = OracleId::fsync_durability;
constexpr event::FsyncBegins begins{.file = 0, .first = 0, .count = 2};
constexpr event::FsyncReturns returns{.file = 0, .first = 0, .count = 2};

event::UserAccess store(Fact value) {
  return {.mm = 0, .page = 1, .word = 1, .store = 1, .access = Access::hit, .value = value};
}
event::WriteWord write(Fact value) {
  return {.page = {.frame = 3, .file = 0, .index = 1}, .word = 1, .value = value};
}

}  // namespace

BOOST_AUTO_TEST_CASE(fires_for_a_store_that_is_not_on_the_disk) {
  HandMadeRun run;
  run.world.disk[{0, 1, 1}] = 4;
  run.happens(0, store(5));
  run.happens(2, begins);
  run.happens(2, returns);
  BOOST_TEST(
      run.fact(id) ==
      "fsync by cpu 2 returns, but the disk has 4 in page 1 word 1 of file 0, where 5 had been written before it "
      "began");
  BOOST_TEST(run.report().violation(id).cpu == 2);
}

BOOST_AUTO_TEST_CASE(silent_for_what_is_saved_or_written_later) {
  HandMadeRun run;
  run.happens(0, store(5));
  run.happens(2, begins);
  run.world.disk[{0, 1, 1}] = 6;
  run.happens(0, store(6));
  run.happens(0, store(7));
  run.happens(2, returns);
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(a_tmpfs_has_nothing_to_save) {
  HandMadeRun run;
  run.begin(&MachineConfig::tmpfs, 1);
  run.happens(0, store(5));
  run.happens(2, begins);
  run.happens(2, returns);
  BOOST_TEST(run.holds());
  run.world.disk[{0, 1, 1}] = 6;
  run.happens(2, begins);
  run.happens(2, returns);
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_for_what_nobody_has_written_there) {
  HandMadeRun run;
  run.happens(0, store(5));
  run.happens(2, begins);
  run.world.disk[{0, 1, 1}] = 6;
  run.happens(2, returns);
  BOOST_TEST(run.fact(id) ==
             "fsync by cpu 2 returns, but the disk has 6 in page 1 word 1 of file 0, where 5 was written last");
}

BOOST_AUTO_TEST_CASE(a_write_that_had_no_memory_owes_nothing_for_another_page) {
  HandMadeRun run;
  run.happens(0, write(5));
  run.happens(0, event::WriteReturns{.file = 0, .index = 1});
  run.happens(0, event::WriteReturns{.file = 0, .index = 0});
  run.world.disk[{0, 1, 1}] = 5;
  run.happens(2, begins);
  run.happens(2, returns);
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(a_write_counts_from_its_return) {
  HandMadeRun run;
  run.happens(0, write(5));
  run.happens(2, begins);
  run.happens(0, event::WriteReturns{.file = 0, .index = 1});
  run.happens(2, returns);
  BOOST_TEST(run.holds());
  run.happens(2, begins);
  run.happens(2, returns);
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(answers_for_its_range_only) {
  HandMadeRun run;
  run.happens(0, store(5));
  run.happens(2, event::FsyncBegins{.file = 0, .first = 0, .count = 1});
  run.happens(2, event::FsyncReturns{.file = 0, .first = 0, .count = 1});
  BOOST_TEST(run.holds());
  run.happens(2, event::FsyncBegins{.file = 0, .first = 1, .count = 1});
  run.happens(2, event::FsyncReturns{.file = 0, .first = 1, .count = 1});
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(each_cpu_has_a_beginning_of_its_own) {
  HandMadeRun run;
  run.happens(1, begins);
  run.happens(0, store(5));
  run.happens(2, begins);
  run.happens(1, returns);
  BOOST_TEST(run.holds());
  run.happens(2, returns);
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(nothing_is_owed_of_what_is_discarded_meanwhile_and_all_of_what_is_written_after) {
  HandMadeRun run;
  run.happens(0, store(5));
  run.world.disk[{0, 1, 1}] = 4;
  run.happens(2, begins);
  run.happens(1, event::BeginDiscard{.file = 0, .first = 1, .count = 1});
  run.happens(2, returns);
  BOOST_TEST(run.holds());
  run.happens(2, begins);
  run.world.disk[{0, 1, 1}] = 0;
  run.happens(1, event::EndDiscard{.file = 0, .first = 1, .count = 1});
  run.happens(2, returns);
  BOOST_TEST(run.holds());
  run.happens(0, store(6));
  run.happens(2, begins);
  run.happens(2, returns);
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_for_what_the_disk_still_has_of_what_was_discarded) {
  HandMadeRun run;
  run.happens(0, store(5));
  run.world.disk[{0, 1, 1}] = 5;
  run.happens(1, event::BeginDiscard{.file = 0, .first = 1, .count = 1});
  run.happens(2, begins);
  run.happens(1, event::EndDiscard{.file = 0, .first = 1, .count = 1});
  run.happens(2, returns);
  BOOST_TEST(run.fact(id) ==
             "fsync by cpu 2 returns, but the disk has 5 in page 1 word 1 of file 0, where 0 was written last");
}

// --- where page_mkwrite may leave a page clean ---

namespace {

// A store has been made to a page of a file that is in the page cache.
struct StoreToCleanPage : HandMadeRun {
  TestFrame& page = world.add_page(0, 1);

  explicit StoreToCleanPage(Fact flags, Fact tags = 0, int mkwrite_dirties = 0) {
    begin(&MachineConfig::mkwrite_dirties, mkwrite_dirties);
    world.tags[{0, 1}] = tags;
    page.facts.flags |= flags;
    happens(0, store(5));
  }
  bool an_fsync_may_miss_it() {
    happens(2, begins);
    happens(2, returns);
    return holds();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_store_may_be_missed_before_its_page_is_tagged) {
  BOOST_TEST(StoreToCleanPage(PG_locked).an_fsync_may_miss_it());
  BOOST_TEST(StoreToCleanPage(PG_dirty).an_fsync_may_miss_it());
  BOOST_TEST(StoreToCleanPage(PG_locked, PAGECACHE_TAG_WRITEBACK).an_fsync_may_miss_it());
}

BOOST_AUTO_TEST_CASE(no_store_may_be_missed_if_its_page_is_tagged_or_nobody_is_about_to) {
  BOOST_TEST(!StoreToCleanPage(PG_locked, PAGECACHE_TAG_DIRTY).an_fsync_may_miss_it());
  BOOST_TEST(!StoreToCleanPage(0).an_fsync_may_miss_it());
}

BOOST_AUTO_TEST_CASE(no_store_may_be_missed_where_page_mkwrite_makes_dirty) {
  BOOST_TEST(!StoreToCleanPage(PG_locked, 0, 1).an_fsync_may_miss_it());
  StoreToCleanPage without_buffers(PG_locked);
  without_buffers.begin(&MachineConfig::buffers, 0);
  without_buffers.happens(0, store(5));
  BOOST_TEST(!without_buffers.an_fsync_may_miss_it());
}

BOOST_AUTO_TEST_CASE(what_was_there_when_a_page_was_written_back_may_not_be_missed) {
  StoreToCleanPage run(PG_locked);
  run.happens(1, event::SetWriteback{.page = run.page.facts.page});
  run.happens(0, store(6));
  run.happens(2, begins);
  run.world.disk[{0, 1, 1}] = 4;
  run.happens(2, returns);
  BOOST_TEST(run.fact(id).find("where 5 had been written before it began") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_there_when_a_page_was_read_in_may_not_be_missed) {
  StoreToCleanPage run(PG_locked);
  run.happens(1, event::AddToPageCache{.page = run.page.facts.page, .added = 0});
  BOOST_TEST(run.an_fsync_may_miss_it());
  run.happens(1, event::AddToPageCache{.page = run.page.facts.page, .added = 1});
  BOOST_TEST(!run.an_fsync_may_miss_it());
}

BOOST_AUTO_TEST_SUITE_END()
