#include "oracles/page_cache_contents.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

namespace {

constexpr OracleId id = OracleId::page_cache_contents;

// Pages 0 to 3 of file 0 are in frames 0 to 3.
struct Run : HandMadeRun {
  Run() {
    for (Fact index = 0; index < 4; ++index) world.add_page(0, index);
  }
  // Frame 3 is in no page cache any more.
  void drop() { world.frames_in_use[3].facts.page = {.frame = 3}; }
};

event::UserAccess store(Fact page, Fact value) {
  return {.mm = 0, .page = page, .word = 0, .store = 1, .access = Access::hit, .frame = 3, .value = value};
}
event::UserAccess load(Fact page, Fact value) {
  return {.mm = 0, .page = page, .word = 0, .store = 0, .access = Access::walk, .frame = 3, .value = value};
}
event::ReadWord read(Fact index, Fact value) {
  return {.page = {.frame = 3, .file = 0, .index = index}, .word = 0, .value = value};
}
event::WriteWord write(Fact index, Fact value) {
  return {.page = {.frame = 3, .file = 0, .index = index}, .word = 0, .value = value};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(page_cache_contents)

BOOST_AUTO_TEST_CASE(silent_while_all_see_what_was_written_last) {
  HandMadeRun run;
  run.happens(0, load(1, 0));
  run.happens(0, store(1, 5));
  run.happens(1, load(1, 5));
  run.happens(1, read(1, 5));
  run.happens(2, write(1, 6));
  run.happens(0, load(1, 6));
  run.happens(0, load(0, 0));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_a_load_of_something_else) {
  HandMadeRun run;
  run.happens(0, store(1, 5));
  run.happens(0, load(1, 4));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 4 from virtual page 1 word 0 of mm 0, where 5 was written last");
  BOOST_TEST(run.report().violation(id).cpu == 0);
  BOOST_TEST(run.report().violation(id).step == 2U);
}

BOOST_AUTO_TEST_CASE(fires_for_a_read_of_something_else) {
  Run run;
  run.happens(0, write(1, 6));
  run.happens(2, read(1, 5));
  BOOST_TEST(run.fact(id) == "cpu 2 reads 5 from page 1 word 0 of file 0, where 6 was written last");
}

BOOST_AUTO_TEST_CASE(a_read_of_a_page_that_was_dropped_meanwhile_may_see_an_older_value) {
  Run run;
  run.happens(0, write(3, 6));
  run.drop();
  run.happens(2, read(3, 5));
  BOOST_TEST(run.holds());
  run.happens(2, read(3, 7));
  BOOST_TEST(run.fact(id) == "cpu 2 reads 7 from page 3 word 0 of file 0, where 6 was written last");
}

BOOST_AUTO_TEST_CASE(a_load_from_a_page_that_was_dropped_may_see_an_older_value_until_the_flush) {
  Run run;
  const std::string fact = " from virtual page 1 word 0 of mm 0, where 5 was written last";
  run.happens(0, store(1, 5));
  run.world.mms[0].flushes_pending = 1;
  run.drop();
  run.happens(0, load(1, 4));
  BOOST_TEST(run.holds());
  run.happens(0, load(1, 6));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 6" + fact);

  run.begin();
  run.happens(0, store(1, 5));
  run.world.mms[0].flushes_pending = 0;
  run.happens(0, load(1, 4));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 4" + fact);
}

BOOST_AUTO_TEST_CASE(fires_for_a_load_from_a_page_that_is_still_there) {
  Run run;
  run.happens(0, store(1, 5));
  run.world.mms[0].flushes_pending = 1;
  run.happens(0, load(1, 4));
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(a_page_fault_sees_and_changes_nothing) {
  HandMadeRun run;
  event::UserAccess fault = load(1, 7);
  fault.access = Access::fault;
  run.happens(0, fault);
  fault.store = 1;
  run.happens(0, fault);
  run.happens(0, load(1, 0));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(knows_who_may_be_refused) {
  HandMadeRun run;
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::RefuseAccess{.mm = 0, .page = 1});
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::RefuseAccess{.mm = 0, .page = 1});
  BOOST_TEST(run.holds());
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::RefuseAccess{.mm = 0, .page = 1});
  BOOST_TEST(run.fact(id) == "cpu 0 is refused virtual page 1 of mm 0, which is mapped");
}

BOOST_AUTO_TEST_CASE(compares_the_disk_at_the_end) {
  HandMadeRun run;
  run.happens(0, store(1, 5));
  run.world.disk[{0, 1, 0}] = 5;
  run.end();
  BOOST_TEST(run.holds());

  run.begin();
  run.happens(0, store(1, 5));
  run.world.disk[{0, 1, 0}] = 4;
  run.end();
  BOOST_TEST(run.fact(id) ==
             "after the final sync the disk has 4 in page 1 word 0 of file 0, where 5 was written last");
  BOOST_TEST(run.report().violation(id).cpu == -1);
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_off_owes_the_disk_nothing) {
  HandMadeRun run;
  run.happens(0, store(1, 5));
  run.end(Outcome::deadlock);
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_SUITE_END()
