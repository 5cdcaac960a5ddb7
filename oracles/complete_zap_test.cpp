#include "oracles/complete_zap.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(complete_zap)

namespace {

constexpr OracleId id = OracleId::complete_zap;
constexpr EntryFact mapped{EntryFact::present_bit};

// CPU 1 zaps pages 4 to 6 of mm 1.
struct Zap : HandMadeRun {
  Zap() {
    world.config.mms = 2;
    begin(&MachineConfig::pages, 8);
    happens(1, event::BeginZap{.mm = 1, .first = 4, .count = 3});
  }
  void end_zap() { happens(1, event::EndZap{.mm = 1, .first = 4, .count = 3}); }
};

std::string left(int page) {
  return "pages 4-6 of mm 1 were zapped, but the entry of page " + std::to_string(page) +
         " was neither cleared nor found empty";
}

}  // namespace

BOOST_AUTO_TEST_CASE(silent_when_every_entry_was_cleared_or_found_empty) {
  Zap run;
  run.happens(1, event::ReadEntry{.mm = 1, .page = 4});
  run.happens(1, event::ReadEntry{.mm = 1, .page = 5, .entry = mapped});
  run.happens(1, event::ClearEntry{.mm = 1, .page = 5, .was = mapped});
  run.happens(1, event::ReadEntry{.mm = 1, .page = 6});
  run.end_zap();
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(entries_of_a_table_that_does_not_exist_are_gone) {
  Zap run;
  run.happens(1, event::ReadTable{.mm = 1, .first = 2, .count = 2});
  run.happens(1, event::ReadTable{.mm = 1, .first = 4, .count = 2});
  run.happens(1, event::ReadTable{.mm = 1, .first = 6, .count = 2, .exists = 1});
  run.happens(1, event::ClearEntry{.mm = 1, .page = 6, .was = mapped});
  run.end_zap();
  BOOST_TEST(run.holds());

  run.begin();
  run.happens(1, event::BeginZap{.mm = 1, .first = 4, .count = 3});
  run.happens(1, event::ReadTable{.mm = 1, .first = 4, .count = 2});
  run.happens(1, event::ReadTable{.mm = 1, .first = 6, .count = 2, .exists = 1});
  run.end_zap();
  BOOST_TEST(run.fact(id) == left(6));
}

BOOST_AUTO_TEST_CASE(fires_for_an_entry_that_is_left) {
  Zap run;
  run.happens(1, event::ClearEntry{.mm = 1, .page = 4, .was = mapped});
  run.happens(1, event::ReadEntry{.mm = 1, .page = 5, .entry = mapped});
  run.happens(1, event::ClearEntry{.mm = 1, .page = 6, .was = mapped});
  run.end_zap();
  BOOST_TEST(run.fact(id) == left(5));
}

BOOST_AUTO_TEST_CASE(an_entry_that_leads_to_no_page_must_go_too) {
  for (const EntryFact entry : {EntryFact::in_swap(1),
                                EntryFact::in_migration(1),
                                EntryFact::exclusive_to_device(1),
                                EntryFact::private_to_device(1),
                                {EntryFact::poison_bit}}) {
    Zap run;
    run.happens(1, event::ReadEntry{.mm = 1, .page = 4});
    run.happens(1, event::ReadEntry{.mm = 1, .page = 5, .entry = entry});
    run.happens(1, event::ReadEntry{.mm = 1, .page = 6});
    run.end_zap();
    BOOST_TEST(run.fact(id) == left(5));
  }
}

BOOST_AUTO_TEST_CASE(what_others_do_or_what_is_done_elsewhere_or_before_does_not_count) {
  Zap run;
  run.happens(1, event::ClearEntry{.mm = 1, .page = 5});
  run.happens(1, event::ClearEntry{.mm = 1, .page = 6});
  run.happens(0, event::ClearEntry{.mm = 1, .page = 4});
  run.happens(1, event::ClearEntry{.mm = 0, .page = 4});
  run.happens(1, event::ClearEntry{.mm = 1, .page = 3});
  run.happens(1, event::ClearEntry{.mm = 1, .page = 7});
  run.end_zap();
  BOOST_TEST(run.fact(id) == left(4));

  run.begin();
  run.happens(1, event::ClearEntry{.mm = 1, .page = 4});
  run.happens(1, event::BeginZap{.mm = 1, .first = 4, .count = 3});
  run.end_zap();
  BOOST_TEST(run.fact(id) == left(4));
}

BOOST_AUTO_TEST_CASE(a_zap_that_was_cut_off_is_forgotten) {
  Zap run;
  run.begin();
  run.end_zap();
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_SUITE_END()
