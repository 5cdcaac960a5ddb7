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

BOOST_AUTO_TEST_SUITE_END()
