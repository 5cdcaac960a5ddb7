#include "oracles/stale_access.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

namespace {

constexpr OracleId id = OracleId::stale_access;

event::UserAccess access(bool store, bool stale = false) {
  return {.mm = 0,
          .page = 1,
          .word = 0,
          .store = store ? 1U : 0U,
          .access = Access::hit,
          .frame = 3,
          .value = 0,
          .stale = stale ? 1U : 0U};
}

TlbFact translation(Fact page, Fact frame, Fact lives_ago) {
  return {.page = page, .entry = {EntryFact::present_bit | frame << EntryFact::frame_shift}, .lives_ago = lives_ago};
}

event::FreePage free_of(Fact frame, Fact entries = 0) {
  return {.page = {.frame = frame}, .entries = entries};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stale_access)

BOOST_AUTO_TEST_CASE(fires_for_accesses_to_freed_frames) {
  HandMadeRun run;
  run.happens(0, access(true));
  run.happens(0, access(false));
  BOOST_TEST(!run.breaks(id));
  run.happens(0, access(true, true));
  BOOST_TEST(run.fact(id) ==
             "cpu 0 stores to virtual page 1 through a TLB entry for page frame 3, which has been freed since");
  run.begin();
  run.happens(2, access(false, true));
  BOOST_TEST(run.fact(id) ==
             "cpu 2 loads from virtual page 1 through a TLB entry for page frame 3, which has been freed since");
}

BOOST_AUTO_TEST_CASE(fires_for_accesses_after_an_unmapping_and_not_during_it) {
  HandMadeRun run;
  for (const bool store : {true, false}) {
    run.begin();
    run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
    run.happens(0, access(store));
    BOOST_TEST(!run.breaks(id));
    run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
    run.happens(0, access(store));
    BOOST_TEST(run.fact(id) == (store ? "cpu 0 stores to virtual page 1 of mm 0, which is unmapped"
                                      : "cpu 0 loads from virtual page 1 of mm 0, which is unmapped"));
  }
}

BOOST_AUTO_TEST_CASE(a_page_fault_is_no_access) {
  HandMadeRun run;
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  event::UserAccess fault = access(true, true);
  fault.access = Access::fault;
  run.happens(0, fault);
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_when_a_page_is_freed_while_something_leads_to_it) {
  HandMadeRun run;
  run.happens(0, free_of(3, 2));
  BOOST_TEST(run.fact(id) == "page frame 3 is freed while 2 page-table entries lead to it");

  run.begin();
  run.world.cpus[2].tlb = {translation(0, 4, 0), translation(1, 3, 1)};
  run.happens(0, free_of(3));
  BOOST_TEST(run.fact(id) == "page frame 3 is freed while the TLB of cpu 2 maps virtual page 1 to it");
}

BOOST_AUTO_TEST_CASE(silent_for_translations_of_other_pages_and_earlier_lives) {
  HandMadeRun run;
  run.world.cpus[2].tlb = {translation(0, 4, 1), translation(1, 3, 2)};
  run.happens(0, free_of(3));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(lazy_cpus_are_exempt) {
  HandMadeRun run;
  run.world.cpus[2].lazy = true;
  run.world.cpus[2].tlb = {translation(1, 3, 1)};
  run.happens(0, free_of(3));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_SUITE_END()
