#include "oracles/page_cache_contents.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(page_cache_contents)

namespace {

constexpr OracleId id = OracleId::page_cache_contents;

// CPU 1 has begun a gather, and CPU 2 a read(). Then page 1 of file 0, which is in frame 3, has the value 5, and is
// dropped.
struct Dropped : HandMadeRun {
  explicit Dropped(bool cleared = true) {
    for (Fact index = 0; index < 4; ++index) world.add_page(0, index);
    happens(0, event::WriteWord{.page = page, .word = 0, .value = 5});
    happens(1, event::BeginGather{.mm = 0});
    if (cleared) happens(1, event::ClearEntry{.mm = 0, .page = 1, .was = entry});
    happens(2, event::OperationBegins{});
    happens(3, event::RemoveFromPageCache{.page = page});
    happens(0, event::WriteWord{.page = {.frame = 2, .file = 0, .index = 1}, .word = 0, .value = 6});
  }

 private:
  static constexpr PageFact page{.frame = 3, .file = 0, .index = 1};
  static constexpr EntryFact entry{EntryFact::present_bit | 3U << EntryFact::frame_shift};
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
  HandMadeRun run;
  run.happens(0, write(1, 6));
  run.happens(2, read(1, 5));
  BOOST_TEST(run.fact(id) == "cpu 2 reads 5 from page 1 word 0 of file 0, where 6 was written last");
}

BOOST_AUTO_TEST_CASE(a_read_sees_a_page_that_was_dropped_meanwhile_as_it_was_then) {
  const std::string fact = " from page 1 word 0 of file 0, where 6 was written last";
  Dropped run;
  run.happens(2, read(1, 5));
  BOOST_TEST(!run.breaks(id));
  run.happens(2, read(1, 4));
  BOOST_TEST(run.fact(id) == "cpu 2 reads 4" + fact);

  Dropped late;
  late.happens(2, event::OperationBegins{});
  late.happens(2, read(1, 5));
  BOOST_TEST(late.fact(id) == "cpu 2 reads 5" + fact);
}

BOOST_AUTO_TEST_CASE(a_load_sees_a_page_that_was_dropped_as_it_was_then_until_the_flush) {
  const std::string fact = " from virtual page 1 word 0 of mm 0, where 6 was written last";
  Dropped run;
  run.happens(0, load(1, 5));
  BOOST_TEST(!run.breaks(id));
  run.happens(1, event::FlushGather{.mm = 0});
  run.happens(0, load(1, 5));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 5" + fact);

  Dropped ended;
  ended.happens(1, event::EndGather{.mm = 0});
  ended.happens(0, load(1, 5));
  BOOST_TEST(ended.fact(id) == "cpu 0 loads 5" + fact);

  Dropped freed;
  freed.happens(1, event::FreePage{.page = {.frame = 3}});
  freed.happens(0, load(1, 5));
  BOOST_TEST(freed.fact(id) == "cpu 0 loads 5" + fact);
}

// That a gather is under way is not enough.
BOOST_AUTO_TEST_CASE(fires_for_a_load_from_a_page_that_was_dropped_and_whose_entry_no_gather_has_cleared) {
  Dropped run(false);
  run.happens(1, event::ClearEntry{.mm = 0, .page = 1});  // nothing was there
  run.happens(0, load(1, 5));
  BOOST_TEST(run.breaks(id));
}

// mprotect takes an entry out and puts it back: whoever drops the page then has to find it there, and flush.
BOOST_AUTO_TEST_CASE(fires_for_a_load_from_a_page_that_was_dropped_and_whose_entry_a_gather_has_set_again) {
  Dropped run;
  run.happens(2, event::SetEntry{.mm = 0, .page = 1});  // another CPU's, as a fault that comes after it
  run.happens(1, event::SetEntry{.mm = 0, .page = 0});
  run.happens(0, load(1, 5));
  BOOST_TEST(!run.breaks(id));
  run.happens(1, event::SetEntry{.mm = 0, .page = 1});
  run.happens(0, load(1, 5));
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
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 1});
  run.happens(0, event::RefuseAccess{.mm = 0, .page = 1});
  BOOST_TEST(run.fact(id) == "cpu 0 is refused virtual page 1 of mm 0, which is mapped");
}

BOOST_AUTO_TEST_CASE(knows_who_may_be_refused_a_store) {
  const event::RefuseAccess refused{.mm = 0, .page = 1, .read_only = 1};
  HandMadeRun run;
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(0, refused);
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(0, refused);
  run.happens(0, load(1, 0));
  BOOST_TEST(run.holds());
  run.happens(0, event::RefuseAccess{.mm = 0, .page = 1});
  BOOST_TEST(run.fact(id) == "cpu 0 is refused virtual page 1 of mm 0, which is mapped");

  run.begin();
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 1, .read_only = 1});
  run.happens(0, refused);
  BOOST_TEST(run.holds());
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 1});
  run.happens(0, refused);
  BOOST_TEST(run.fact(id) == "cpu 0 is refused a store to virtual page 1 of mm 0, which may be written to");
}

BOOST_AUTO_TEST_CASE(goes_by_what_has_been_moved_to_a_page) {
  HandMadeRun run;
  run.happens(0, store(1, 5));
  run.happens(1, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(1, event::InsertMapping{.mm = 0, .first = 0, .count = 1, .file = 0, .index = 1});
  run.happens(0, store(1, 6));  // through its TLB
  run.happens(0, load(0, 6));
  run.happens(1, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::RefuseAccess{.mm = 0, .page = 1});
  run.happens(0, read(1, 6));
  BOOST_TEST(run.holds());
  run.happens(0, load(0, 0));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 0 from virtual page 0 word 0 of mm 0, where 6 was written last");
}

BOOST_AUTO_TEST_CASE(knows_what_may_be_loaded_while_a_page_is_unmapped_and_that_nothing_may_be_afterwards) {
  HandMadeRun run;
  run.happens(0, store(1, 5));
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(1, load(1, 5));
  run.happens(1, store(1, 6));
  run.happens(1, load(1, 6));
  BOOST_TEST(run.holds());
  run.happens(1, load(1, 5));
  BOOST_TEST(run.fact(id) == "cpu 1 loads 5 from virtual page 1 word 0 of mm 0, where 6 was written last");

  run.begin();
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  BOOST_TEST(run.holds());
  run.happens(1, load(1, 0));
  BOOST_TEST(run.fact(id) == "cpu 1 loads 0 from virtual page 1 word 0 of mm 0, which is unmapped");
}

BOOST_AUTO_TEST_CASE(goes_by_what_is_mapped_at_a_page) {
  HandMadeRun run;
  run.happens(0, write(0, 5));
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 0});
  run.happens(0, load(1, 5));
  run.happens(0, store(1, 6));
  run.happens(0, read(0, 6));
  run.happens(0, read(1, 0));
  BOOST_TEST(run.holds());
  run.happens(0, load(1, 0));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 0 from virtual page 1 word 0 of mm 0, where 6 was written last");
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

BOOST_AUTO_TEST_CASE(fires_for_what_is_left_of_a_page_that_was_discarded) {
  HandMadeRun run;
  run.happens(0, store(1, 5));
  run.happens(1, event::BeginDiscard{.file = 0, .first = 1, .count = 1});
  run.happens(0, load(1, 5));
  run.happens(2, read(1, 5));
  run.happens(1, event::EndDiscard{.file = 0, .first = 1, .count = 1});
  run.happens(0, load(1, 0));
  BOOST_TEST(run.holds());
  run.happens(2, read(1, 5));
  BOOST_TEST(run.fact(id) == "cpu 2 reads 5 from page 1 word 0 of file 0, where 0 was written last");
}

BOOST_AUTO_TEST_CASE(beyond_the_end_every_access_is_refused_and_no_other_is) {
  const event::UserAccess fault{.mm = 0, .page = 1, .access = Access::fault};
  const event::RefuseAccess refused{.mm = 0, .page = 1};
  HandMadeRun run;
  run.happens(0, fault);
  run.happens(1, event::SetFileSize{.file = 0, .pages = 1});
  run.happens(0, refused);
  run.happens(0, fault);
  run.happens(1, event::SetFileSize{.file = 0, .pages = 2});
  run.happens(0, refused);  // it was beyond the end when the fault began
  BOOST_TEST(run.holds());
  run.happens(0, fault);
  run.happens(0, refused);
  BOOST_TEST(run.fact(id) == "cpu 0 is refused virtual page 1 of mm 0, which is mapped");

  run.begin();
  run.happens(1, event::SetFileSize{.file = 0, .pages = 1});
  run.happens(0, load(1, 0));
  BOOST_TEST(run.fact(id) == "cpu 0 loads 0 from virtual page 1 word 0 of mm 0, which has been thrown away");
}

BOOST_AUTO_TEST_CASE(fires_when_no_page_is_pinned_that_may_be_written_to) {
  HandMadeRun run;
  const event::RefusePin refused{.mm = 0, .page = 1};
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(2, refused);
  BOOST_TEST(run.holds());
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 1});
  run.happens(2, refused);
  BOOST_TEST(run.fact(id) == "no page of virtual page 1 of mm 0 is pinned for cpu 2, though it may be written to");
}

// Where there is no page, the file has zeros.
BOOST_AUTO_TEST_CASE(what_is_left_of_a_tmpfs_is_in_the_page_cache) {
  HandMadeRun run;
  run.begin(&MachineConfig::tmpfs, 1);
  TestFrame& frame = run.world.add_page(0, 1);
  frame.facts.flags |= PG_dirty;
  run.happens(0, write(1, 5));
  frame.words[0] = 5;
  run.end();
  BOOST_TEST(run.holds());

  frame.words[0] = 4;
  run.begin();
  run.happens(0, write(1, 5));
  run.end();
  BOOST_TEST(run.fact(id) == "at the end page 1 of file 0 has 4 in word 0, where 5 was written last");

  run.world.frames_in_use.clear();
  run.begin();
  run.happens(0, write(1, 5));
  run.end();
  BOOST_TEST(run.fact(id) ==
             "after the final sync the disk has 0 in page 1 word 0 of file 0, where 5 was written last");
}

// Page 0 of mm 0 is anonymous, in frame 0, and has the value 5 in word 0.
struct OfItsOwn : HandMadeRun {
  OfItsOwn() {
    world.config.pages = 1;
    world.config.windows = 1;
    world.add_frame();
    begin();
    happens(0, event::InsertMapping{.mm = 0, .first = 0, .count = 1, .kind = event::InsertMapping::Kind::anonymous});
    happens(0, event::SetEntry{.mm = 0, .page = 0, .entry = entry});
    happens(0, event::UserAccess{
                   .mm = 0, .page = 0, .word = 0, .store = 1, .access = Access::walk, .frame = 0, .value = 5});
    world.mms[0].entries[0] = entry;
    world.frames_in_use[0].words[0] = 5;
  }
  void is_torn_down() { happens(0, event::BeginUnmap{.mm = 0, .first = 0, .count = 1}); }

  static constexpr EntryFact entry{EntryFact::present_bit | EntryFact::write_bit};
};

BOOST_FIXTURE_TEST_CASE(silent_if_an_mm_has_what_was_written_when_it_is_torn_down, OfItsOwn) {
  is_torn_down();
  BOOST_TEST(holds());
}

BOOST_FIXTURE_TEST_CASE(fires_if_an_mm_has_something_else_when_it_is_torn_down, OfItsOwn) {
  world.frames_in_use[0].words[0] = 4;
  is_torn_down();
  BOOST_TEST(fact(id) == "mm 0 has 4 in virtual page 0 word 0, where 5 was written last");
}

BOOST_FIXTURE_TEST_CASE(fires_if_an_mm_has_nothing_left_when_it_is_torn_down, OfItsOwn) {
  world.mms[0].entries.clear();
  is_torn_down();
  BOOST_TEST(fact(id) == "nothing is left of virtual page 0 of mm 0, which was written to");
}

BOOST_FIXTURE_TEST_CASE(silent_about_what_was_freed_lazily_when_an_mm_is_torn_down, OfItsOwn) {
  happens(0, event::FreeLazily{.mm = 0, .first = 0, .count = 1, .done = 0});
  happens(0, event::FreeLazily{.mm = 0, .first = 0, .count = 1, .done = 1});
  world.mms[0].entries.clear();
  is_torn_down();
  BOOST_TEST(holds());
}

BOOST_FIXTURE_TEST_CASE(silent_while_entries_of_an_mm_that_is_torn_down_change, OfItsOwn) {
  world.mms[0].entries.clear();
  world.mms[0].page_table_locked = true;
  is_torn_down();
  BOOST_TEST(holds());
}

BOOST_FIXTURE_TEST_CASE(silent_about_an_mm_that_a_fork_has_not_made, OfItsOwn) {
  world.config.mms = 2;
  world.mms[1].entries.clear();
  begin();
  happens(0, event::InsertMapping{.mm = 0, .first = 0, .count = 1, .kind = event::InsertMapping::Kind::anonymous});
  happens(0, event::SetEntry{.mm = 0, .page = 0, .entry = entry});
  happens(0,
          event::UserAccess{.mm = 0, .page = 0, .word = 0, .store = 1, .access = Access::walk, .frame = 0, .value = 5});
  happens(0, event::Fork{.mm = 0, .child = 1, .done = 0});
  happens(0, event::InsertMapping{.mm = 1, .first = 0, .count = 1, .kind = event::InsertMapping::Kind::anonymous});
  happens(0, event::BeginUnmap{.mm = 1, .first = 0, .count = 1});
  BOOST_TEST(holds());
}

BOOST_AUTO_TEST_SUITE_END()
