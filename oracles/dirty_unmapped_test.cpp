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

// CPU 1 has page frame 0 locked, and takes it out of mm 0, through which CPU 2 can write to it.
struct LockedPage : TwoFrames {
  LockedPage() {
    world.cpus[2].tlb = {{.page = 5, .entry = entry(0), .lives_ago = 0}};
    happens(1, event::TakeLock{.lock = lock, .shared = 0, .tries = 0, .taken = 1, .holders = 0});
    clear_entry(1);
  }
  void clear_entry(int cpu) { happens(cpu, event::ClearEntry{.mm = 0, .page = 1, .was = entry(0)}); }
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

BOOST_AUTO_TEST_CASE(who_has_locked_the_page_owes_the_flush_though_somebody_else_removes_the_last_rmap) {
  LockedPage run;
  run.happens(0, event::RemoveRmap{.page = run.page, .mapcount = 0});
  BOOST_TEST(!run.breaks(id));
  run.unlock();
  BOOST_TEST(run.breaks(id));
}

// Reclaim that thinks better of it, of a page that is no file's.
BOOST_AUTO_TEST_CASE(what_it_has_put_back_somebody_else_takes_away) {
  for (const bool is_put_back : {false, true}) {
    for (const Fact file : {Fact{no_fact}, Fact{0}}) {
      LockedPage run;
      run.world.frames_in_use[0].facts.page.file = file;
      run.world.frames_in_use[0].facts.folio.file = file;
      run.page = {.frame = 0, .file = file, .index = file};
      if (is_put_back) run.happens(1, event::SetEntry{.mm = 0, .page = 1, .entry = entry(0)});
      run.happens(0, event::RemoveRmap{.page = run.page, .mapcount = 0});
      run.unlock();
      BOOST_TEST(run.breaks(id) == !(is_put_back && file == no_fact));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_lock_is_no_excuse_for_another_mm) {
  for (const int cpu : {0, 1}) {
    LockedPage run;
    run.world.cpus[2].mm = 1;
    run.happens(cpu, event::RemoveRmap{.page = run.page, .mapcount = 0});
    BOOST_TEST(run.breaks(id));
  }
}

BOOST_AUTO_TEST_CASE(somebody_elses_lock_is_no_excuse) {
  LockedPage run;
  run.unlock();
  run.happens(1, event::TakeLock{.lock = LockedPage::lock, .shared = 0, .tries = 0, .taken = 1, .holders = 0});
  run.clear_entry(0);
  run.happens(0, event::RemoveRmap{.page = run.page, .mapcount = 0});
  BOOST_TEST(run.breaks(id));
}

BOOST_AUTO_TEST_CASE(silent_while_what_is_written_there_may_be_thrown_away) {
  for (const Fact first : {0U, 1U}) {
    for (const bool is_done : {false, true}) {
      LockedPage run;
      run.world.cpus[2].tlb[0].page = 1;
      run.happens(2, event::FreeLazily{.mm = 0, .first = first, .count = 1, .done = 0});
      if (is_done) run.happens(2, event::FreeLazily{.mm = 0, .first = first, .count = 1, .done = 1});
      run.rmap_removed();
      run.unlock();
      BOOST_TEST(run.breaks(id) == (first != 1 || is_done));
    }
  }
}

BOOST_AUTO_TEST_CASE(of_a_large_folio_any_page_can_be_written_to) {
  for (const Fact frame : {0U, 1U, 2U}) {
    TwoFrames run;
    run.world.add_page(0, 2);
    for (int i : {0, 1})
      run.world.frames_in_use[static_cast<std::size_t>(i)].facts.folio = {
          .frame = 0, .file = 0, .index = 0, .pages = 2};
    run.world.cpus[2].tlb = {{.page = 5, .entry = entry(frame), .lives_ago = 0}};
    run.rmap_removed();
    BOOST_TEST(run.breaks(id) == (frame < 2));
  }
}

BOOST_AUTO_TEST_SUITE_END()
