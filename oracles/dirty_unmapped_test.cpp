#include "oracles/dirty_unmapped.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(dirty_unmapped)

namespace {

constexpr OracleId id = OracleId::dirty_unmapped;
constexpr Fact dirty_bits = EntryFact::present_bit | EntryFact::write_bit | EntryFact::dirty_bit;

EntryFact entry(Fact frame, Fact bits = dirty_bits) {
  return {bits | frame << EntryFact::frame_shift};
}

// CPU 1 removes an rmap of frame 0, and leaves `mapcount` of them. There is a frame 1, too.
struct TwoFrames : HandMadeRun {
  TwoFrames() {
    world.add_page(0, 0);
    world.add_page(0, 1);
  }
  void rmap_removed(int mapcount = 0) { happens(1, event::RemoveRmap{.page = page, .mapcount = mapcount}); }
  PageFact page{.frame = 0, .file = 0, .index = 0};
};

}  // namespace

BOOST_AUTO_TEST_CASE(fires_when_the_last_rmap_goes_while_a_tlb_has_a_dirty_entry) {
  TwoFrames run;
  run.world.cpus[2].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};
  run.rmap_removed();
  BOOST_TEST(run.fact(id) ==
             "the last rmap of page frame 0 is removed while cpu 2 can write to it through virtual page 5");
  BOOST_TEST(run.report().violation(id).cpu == 1);
}

BOOST_AUTO_TEST_CASE(silent_for_a_page_that_is_no_files) {
  TwoFrames run;
  run.page = {.frame = 0};
  run.world.cpus[2].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};
  run.rmap_removed();
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(silent_for_entries_that_nobody_writes_through_unnoticed) {
  TwoFrames run;
  run.world.cpus[2].tlb = {
      {.page = 4, .entry = entry(0, EntryFact::present_bit | EntryFact::dirty_bit), .lives_ago = 0},
      {.page = 5, .entry = entry(0, EntryFact::present_bit | EntryFact::write_bit), .lives_ago = 0},
      {.page = 6, .entry = entry(1), .lives_ago = 0},
      {.page = 7, .entry = entry(0), .lives_ago = 1}};
  run.rmap_removed();
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(silent_for_cpus_that_flush_before_they_run_user_code) {
  TwoFrames run;
  run.world.cpus[0].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};
  run.world.cpus[0].lazy = true;
  run.world.cpus[1].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};  // removes it
  run.rmap_removed();
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(silent_while_another_rmap_is_left) {
  TwoFrames run;
  run.world.cpus[2].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};
  run.rmap_removed(1);
  BOOST_TEST(!run.breaks(id));
}

namespace {

// CPU 1 has page frame 0 locked, and CPU 2 can write to it.
struct LockedPage : TwoFrames {
  LockedPage() {
    world.cpus[2].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};
    happens(1, event::TakeLock{.lock = lock, .shared = 0, .tries = 0, .taken = 1, .holders = 0});
  }
  void unlock() { happens(1, event::DropLock{.lock = lock}); }

  static constexpr LockFact lock{.kind = LockClass::page, .number = 0};
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_has_locked_the_page_flushes_before_it_unlocks_it) {
  LockedPage run;
  run.rmap_removed();
  BOOST_TEST(!run.breaks(id));
  run.world.cpus[2].tlb.clear();
  run.unlock();
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(fires_when_the_page_is_unlocked_and_nobody_has_flushed) {
  LockedPage run;
  run.rmap_removed();
  run.unlock();
  BOOST_TEST(run.fact(id) ==
             "page frame 0, which was unmapped, is unlocked while cpu 2 can write to it through virtual page 5");
}

BOOST_AUTO_TEST_CASE(silent_for_a_page_that_is_mapped_again_when_it_is_unlocked) {
  LockedPage run;
  run.rmap_removed();
  run.world.frames_in_use[0].facts.mapcount = 1;
  run.unlock();
  BOOST_TEST(!run.breaks(id));
}

BOOST_AUTO_TEST_CASE(what_was_freed_lazily_is_saved_by_nobody) {
  LockedPage run;
  run.world.frames_in_use[0].facts.anonymous = true;
  run.rmap_removed();
  run.unlock();
  BOOST_TEST(!run.breaks(id));
  run.world.frames_in_use[0].facts.flags |= PG_swapbacked;
  run.happens(1, event::TakeLock{.lock = LockedPage::lock, .shared = 0, .tries = 0, .taken = 1, .holders = 0});
  run.rmap_removed();
  run.unlock();
  BOOST_TEST(run.breaks(id));
}

// CPU 1, which reclaims the page, has unmapped it from the mm of CPU 2. CPU 0 unmaps it from another, which has been flushed.
BOOST_AUTO_TEST_CASE(who_removes_the_last_rmap_does_not_flush_for_who_has_the_page_locked) {
  LockedPage run;
  run.rmap_removed(1);
  run.happens(0, event::BeginGather{.mm = 1});
  run.happens(0, event::RemoveRmap{.page = run.page, .mapcount = 0});
  BOOST_TEST(!run.breaks(id));
  run.unlock();
  BOOST_TEST(run.breaks(id));

  LockedPage other;
  other.rmap_removed(1);
  other.happens(0, event::BeginGather{.mm = 0});
  other.happens(0, event::RemoveRmap{.page = other.page, .mapcount = 0});
  BOOST_TEST(other.breaks(id));
}

BOOST_AUTO_TEST_CASE(somebody_elses_lock_is_no_excuse) {
  LockedPage run;
  run.happens(0, event::RemoveRmap{.page = run.page, .mapcount = 0});
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_SUITE_END()
