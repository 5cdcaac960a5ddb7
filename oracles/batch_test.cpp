#include "oracles/batch.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(batch)

namespace {

constexpr OracleId id = OracleId::batch;

// A gather on each CPU that wants one.
struct Gathers : HandMadeRun {
  void begins(int cpu) { happens(cpu, event::BeginGather{.mm = 0}); }
  void queues(int cpu, Fact frame, Fact flags = 0) {
    happens(cpu, event::QueuePage{
                     .pointer = {frame * world.stride + flags}, .queued = 1, .room = 8, .batches = 0, .batch_max = 20});
  }
  void flushes(int cpu) { happens(cpu, event::FlushGather{.mm = 0}); }
  void releases(int cpu, Fact frame) { happens(cpu, event::ReleasePage{.pointer = {frame * world.stride}}); }
  void ends(int cpu) { happens(cpu, event::EndGather{.mm = 0}); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(silent_when_each_page_is_queued_flushed_and_released) {
  Gathers run;
  run.begin(&MachineConfig::pages, 4);
  run.begins(0);
  run.begins(1);
  run.queues(0, 3, 1);
  run.queues(0, 3);
  run.queues(1, 3);
  run.flushes(0);
  run.queues(0, 4);
  run.releases(0, 3);
  run.releases(0, 3);
  run.flushes(0);
  run.releases(0, 4);
  run.ends(0);
  run.flushes(1);
  run.releases(1, 3);
  run.ends(1);
  run.end();
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_a_page_that_is_released_before_its_flush) {
  Gathers run;
  run.begins(0);
  run.queues(0, 3);
  run.flushes(0);
  run.queues(0, 4);
  run.releases(0, 3);
  BOOST_TEST(run.holds());
  run.releases(0, 4);
  BOOST_TEST(run.fact(id) == "page frame 4 is released without having been queued and flushed");
}

BOOST_AUTO_TEST_CASE(fires_for_a_page_that_is_released_twice_or_by_another) {
  Gathers run;
  run.begins(0);
  run.queues(0, 3);
  run.flushes(0);
  run.releases(0, 3);
  BOOST_TEST(run.holds());
  run.releases(0, 3);
  BOOST_TEST(run.breaks(id));

  run.begin();
  run.begins(0);
  run.begins(1);
  run.queues(0, 3);
  run.flushes(0);
  run.releases(1, 3);
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_for_a_gather_that_keeps_a_page) {
  Gathers run;
  run.begins(0);
  run.queues(0, 3);
  run.queues(0, 4);
  run.flushes(0);
  run.releases(0, 4);
  run.ends(0);
  BOOST_TEST(run.fact(id) == "a gather ends with 2 pages queued and 1 released");
}

BOOST_AUTO_TEST_CASE(a_new_gather_or_run_knows_nothing_of_one_that_was_cut_off) {
  Gathers run;
  for (int i = 0; i < 2; ++i) {
    run.begins(0);
    run.queues(0, 3);
    run.flushes(0);
  }
  run.begin();
  run.ends(0);
  BOOST_TEST(run.holds());
  run.releases(0, 3);
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_for_limits) {
  HandMadeRun run;
  run.happens(0, event::QueuePage{.queued = 8, .room = 8, .batches = 2, .batch_max = 2});
  run.happens(0, event::ReleasePages{.count = 512, .limit = 512});
  BOOST_TEST(run.holds());
  run.happens(0, event::QueuePage{.queued = 9, .room = 8, .batches = 2, .batch_max = 2});
  BOOST_TEST(run.fact(id) == "a batch holds 9 entries, its maximum is 8");
  run.begin();
  run.happens(0, event::QueuePage{.queued = 8, .room = 8, .batches = 3, .batch_max = 2});
  BOOST_TEST(run.fact(id) == "a gather has 3 batches, the limit is 2");
  run.begin();
  run.happens(0, event::ReleasePages{.count = 513, .limit = 512});
  BOOST_TEST(run.fact(id) == "513 entries are released in one go, the limit is 512");
}

BOOST_AUTO_TEST_CASE(fires_when_more_is_queued_than_an_address_space_has) {
  Gathers run;
  run.begins(0);
  for (int i = 0; i < run.world.config.virtual_pages(); ++i) run.queues(0, 3);
  BOOST_TEST(run.holds());
  run.queues(0, 3);
  BOOST_TEST(run.fact(id) == "a gather queues more pages than an address space has");
}

BOOST_AUTO_TEST_CASE(pointers_that_lead_nowhere_do_no_harm) {
  HandMadeRun run;
  const PointerFact nowhere{0U - 64};
  run.happens(0, event::ReleasePage{.pointer = nowhere});
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_when_batches_are_not_given_back) {
  HandMadeRun run;
  run.world.batches = 2;
  run.end(Outcome::deadlock);
  BOOST_TEST(!run.breaks(id));
  run.begin();
  run.end();
  BOOST_TEST(run.fact(id) == "2 pages of batches were not given back");
}

BOOST_AUTO_TEST_SUITE_END()
