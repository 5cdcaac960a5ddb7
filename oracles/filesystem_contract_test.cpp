#include "oracles/filesystem_contract.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(filesystem_contract)

namespace {

constexpr OracleId id = OracleId::filesystem_contract;

event::SetDirty dirtied(Fact was, bool table_locked, std::int32_t mapcount) {
  return {.page = {.frame = 3, .file = 0, .index = 1},
          .table_locked = table_locked ? 1U : 0U,
          .was = was,
          .mapcount = mapcount};
}

std::string fact_of(const event::SetDirty& event) {
  HandMadeRun run;
  run.happens(1, event);
  return run.fact(id);
}

}  // namespace

BOOST_AUTO_TEST_CASE(silent_for_who_may) {
  BOOST_TEST(fact_of(dirtied(PG_locked | PG_buffers, false, 0)) == "");
  BOOST_TEST(fact_of(dirtied(PG_dirty | PG_buffers, false, 0)) == "");
}

BOOST_AUTO_TEST_CASE(silent_for_pages_that_are_in_no_page_cache) {
  event::SetDirty event = dirtied(0, false, 0);
  event.page = {.frame = 3};
  BOOST_TEST(fact_of(event) == "");
}

BOOST_AUTO_TEST_CASE(a_page_table_lock_suffices_where_no_buffers_are_kept) {
  BOOST_TEST(fact_of(dirtied(PG_buffers, true, 1)) ==
             "page 1 of file 0 becomes dirty while it is unlocked, under a page-table lock only");
  HandMadeRun run;
  run.begin(&MachineConfig::buffers, 0);
  run.happens(1, dirtied(0, true, 1));
  BOOST_TEST(run.holds());
  run.happens(1, dirtied(0, false, 1));
  BOOST_TEST(run.fact(id) == "page 1 of file 0 becomes dirty while it is unlocked and no page-table lock is held");
}

// Whatever the machine says of buffers.
BOOST_AUTO_TEST_CASE(a_tmpfs_keeps_no_buffers) {
  HandMadeRun run;
  run.begin(&MachineConfig::tmpfs, 1);
  run.happens(1, dirtied(0, true, 1));
  run.happens(1, dirtied(PG_locked, false, 0));
  BOOST_TEST(run.holds());
  run.happens(1, dirtied(0, true, 0));
  BOOST_TEST(run.fact(id) == "page 1 of file 0 becomes dirty while it is unlocked and unmapped");
}

BOOST_AUTO_TEST_CASE(fires_for_an_unlocked_page) {
  BOOST_TEST(fact_of(dirtied(PG_buffers, true, 0)) ==
             "page 1 of file 0 becomes dirty while it is unlocked and unmapped");
  BOOST_TEST(fact_of(dirtied(PG_buffers, false, 1)) ==
             "page 1 of file 0 becomes dirty while it is unlocked and no page-table lock is held");
}

BOOST_AUTO_TEST_CASE(tells_its_two_reasons_apart) {
  const auto violation_of = [](const event::SetDirty& event) {
    HandMadeRun run;
    run.happens(1, event);
    return run.report().violation(id);
  };
  const Violation unlocked = violation_of(dirtied(PG_buffers, false, 0));
  BOOST_TEST(FilesystemContract::tells_of_missing_lock(unlocked));
  BOOST_TEST(!FilesystemContract::tells_of_missing_buffers(unlocked));
  const Violation bare = violation_of(dirtied(PG_locked, false, 0));
  BOOST_TEST(!FilesystemContract::tells_of_missing_lock(bare));
  BOOST_TEST(FilesystemContract::tells_of_missing_buffers(bare));
  const Violation both = violation_of(dirtied(0, false, 0));
  BOOST_TEST(both.fact() == "page 1 of file 0 is dirtied without buffers, while it is clean and unlocked");
  BOOST_TEST(FilesystemContract::tells_of_missing_lock(both));
  BOOST_TEST(FilesystemContract::tells_of_missing_buffers(both));
}

BOOST_AUTO_TEST_CASE(fires_without_buffers_if_the_filesystem_keeps_any) {
  BOOST_TEST(fact_of(dirtied(PG_locked, false, 1)) == "page 1 of file 0 is dirtied without buffers");
  HandMadeRun run;
  run.begin(&MachineConfig::buffers, 0);
  run.happens(1, dirtied(PG_locked, false, 1));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_SUITE_END()
