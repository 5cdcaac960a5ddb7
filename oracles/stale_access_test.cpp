#include "oracles/stale_access.h"

#include <boost/test/unit_test.hpp>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(stale_access)

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

TlbFact translation(Fact page, Fact frame, Fact lives_ago, Fact flags = 0) {
  return {.page = page,
          .entry = {EntryFact::present_bit | flags | frame << EntryFact::frame_shift},
          .lives_ago = lives_ago};
}

event::FreePage free_of(Fact frame, Fact entries = 0) {
  return {.page = {.frame = frame}, .entries = entries};
}

}  // namespace

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

BOOST_AUTO_TEST_CASE(fires_for_stores_after_an_mprotect_and_not_during_it) {
  HandMadeRun run;
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(0, access(true));
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(0, access(false));
  BOOST_TEST(run.holds());
  run.happens(0, access(true));
  BOOST_TEST(run.fact(id) == "cpu 0 stores to virtual page 1 of mm 0, which is write-protected");

  run.begin();
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1, .only_stores = 1});
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 1});
  run.happens(0, access(true));
  BOOST_TEST(run.holds());
  run.happens(0, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 0, .read_only = 1});
  run.happens(0, access(true));
  BOOST_TEST(run.fact(id) == "cpu 0 stores to virtual page 1 of mm 0, which is write-protected");
}

BOOST_AUTO_TEST_CASE(fires_for_what_is_poisoned_until_it_is_zapped) {
  HandMadeRun run;
  run.happens(0, event::SetEntry{.mm = 0, .page = 1, .entry = {EntryFact::poison_bit}});
  run.happens(0, access(false));
  BOOST_TEST(run.fact(id) == "cpu 0 uses virtual page 1 of mm 0 in page frame 3, which is poisoned");
  run.begin();
  run.happens(0, event::SetEntry{.mm = 0, .page = 1, .entry = {EntryFact::poison_bit}});
  run.happens(0, event::BeginZap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::ClearEntry{.mm = 0, .page = 1, .was = {EntryFact::poison_bit}});
  run.happens(0, access(false));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_when_an_mprotect_returns_while_a_tlb_can_write_to_its_range) {
  const event::EndUnmap end{.mm = 0, .first = 1, .count = 1, .only_stores = 1};
  HandMadeRun run;
  run.world.cpus[1].mm = 1;
  run.world.cpus[1].tlb = {translation(1, 3, 0, EntryFact::write_bit)};
  run.world.cpus[2].tlb = {translation(0, 3, 0, EntryFact::write_bit), translation(1, 3, 0)};
  run.happens(0, end);
  BOOST_TEST(run.holds());
  run.world.cpus[2].tlb = {translation(1, 3, 0, EntryFact::write_bit)};
  run.happens(0, end);
  BOOST_TEST(run.fact(id) ==
             "virtual page 1 of mm 0 is write-protected while cpu 2 can write to page frame 3 through its TLB");
  run.begin();
  run.world.cpus[2].lazy = true;
  run.happens(0, end);
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_accesses_to_what_was_moved_away) {
  for (const bool store : {true, false}) {
    HandMadeRun run;
    run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
    run.happens(0, event::InsertMapping{.mm = 0, .first = 0, .count = 1, .file = 0, .index = 1});
    run.happens(1, access(store));
    run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
    BOOST_TEST(run.holds());
    run.happens(1, access(store));
    BOOST_TEST(run.fact(id) == (store ? "cpu 1 stores to virtual page 1 of mm 0, which is unmapped"
                                      : "cpu 1 loads from virtual page 1 of mm 0, which is unmapped"));
  }
}

BOOST_AUTO_TEST_CASE(fires_for_accesses_to_what_is_unmapped_already_while_more_is_unmapped) {
  HandMadeRun run;
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 0, .count = 2});
  run.happens(0, access(true));
  BOOST_TEST(!run.breaks(id));

  run.begin();
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 0, .count = 2});
  run.happens(0, access(true));
  BOOST_TEST(run.fact(id) == "cpu 0 stores to virtual page 1 of mm 0, which is unmapped");
}

BOOST_AUTO_TEST_CASE(silent_for_accesses_to_what_is_mapped_again_before_an_unmapping_ends) {
  HandMadeRun run;
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 0, .count = 2});
  run.happens(1, event::InsertMapping{.mm = 0, .first = 1, .count = 1, .file = 0, .index = 1});
  run.happens(0, event::EndUnmap{.mm = 0, .first = 0, .count = 2});
  run.happens(1, access(true));
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(a_page_fault_is_no_access) {
  HandMadeRun run;
  run.happens(0, event::BeginUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  event::UserAccess fault = access(true);
  fault.access = Access::fault;
  run.happens(0, fault);
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_when_the_hardware_walks_a_page_table_that_has_been_freed) {
  HandMadeRun run;
  event::UserAccess fault = access(false, true);
  fault.access = Access::fault;
  run.happens(0, fault);
  BOOST_TEST(run.fact(id) == "cpu 0 looks for virtual page 1 of mm 0 in a page table that has been freed");

  run.begin();
  run.world.cpus[2].lazy = true;
  run.happens(0, event::FillTranslation{.owner = 2, .page = 5});
  BOOST_TEST(run.holds());
  run.happens(0, event::FillTranslation{.owner = 2, .page = 5, .astray = 1});
  BOOST_TEST(run.fact(id) == "cpu 2 looks for virtual page 5 of mm 0 in a page table that has been freed");
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

BOOST_AUTO_TEST_CASE(fires_when_a_munmap_returns_while_a_tlb_maps_its_range) {
  HandMadeRun run;
  run.world.config.mms = 2;
  run.begin(&MachineConfig::pages, 8);
  run.world.cpus[2].mm = 1;
  run.world.cpus[2].tlb = {translation(3, 3, 0), translation(6, 3, 0), translation(5, 4, 0)};
  run.happens(0, event::EndUnmap{.mm = 0, .first = 4, .count = 2});
  run.happens(1, event::EndUnmap{.mm = 1, .first = 4, .count = 1});
  BOOST_TEST(run.holds());
  run.happens(1, event::EndUnmap{.mm = 1, .first = 4, .count = 2});
  BOOST_TEST(run.fact(id) == "virtual page 5 of mm 1 is unmapped while the TLB of cpu 2 maps it to page frame 4");
}

BOOST_AUTO_TEST_CASE(fires_when_a_gather_ends_while_a_tlb_and_the_page_table_differ) {
  const event::EndGather end{.mm = 1};
  HandMadeRun run;
  run.world.cpus[2].mm = 1;
  run.world.cpus[2].tlb = {translation(3, 4, 0)};
  run.world.mms[1].entries[3] = translation(3, 4, 0).entry;
  run.happens(1, end);
  BOOST_TEST(run.holds());

  run.world.mms[1].entries[3] = translation(3, 5, 0).entry;
  run.happens(1, end);
  const std::string fact =
      "a gather ends while the TLB of cpu 2 maps virtual page 3 of mm 1 to page frame 4, and the page table to ";
  BOOST_TEST(run.fact(id) == fact + "5");

  run.begin();
  run.world.mms[1].entries.clear();
  run.happens(1, end);
  BOOST_TEST(run.fact(id) == fact + "none");
}

BOOST_AUTO_TEST_CASE(silent_when_a_gather_ends_and_another_flush_is_yet_to_come_or_the_mm_is_another) {
  HandMadeRun run;
  run.world.cpus[2].mm = 1;
  run.world.cpus[2].tlb = {translation(3, 4, 0)};
  run.happens(0, event::EndGather{.mm = 0});
  run.world.mms[1].flushes_pending = 1;
  run.happens(1, event::EndGather{.mm = 1});
  run.world.mms[1].flushes_pending = 0;
  run.world.mms[1].page_table_locked = true;
  run.happens(1, event::EndGather{.mm = 1});
  BOOST_TEST(run.holds());
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
  run.happens(0, event::EndUnmap{.mm = 0, .first = 1, .count = 1});
  run.happens(0, event::EndGather{.mm = 0});
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(fires_for_accesses_beyond_the_end_when_the_truncation_is_over) {
  HandMadeRun run;
  for (const bool store : {true, false}) {
    run.begin();
    run.happens(1, event::BeginDiscard{.file = 0, .first = 1, .count = 1});
    run.happens(1, event::SetFileSize{.file = 0, .pages = 1});
    run.happens(0, access(store));
    BOOST_TEST(run.holds());
    run.happens(1, event::EndDiscard{.file = 0, .first = 1, .count = 1});
    run.happens(0, access(store));
    BOOST_TEST(run.fact(id) ==
               (store ? "cpu 0 stores to virtual page 1 of mm 0 in page frame 3, which has been thrown away"
                      : "cpu 0 loads from virtual page 1 of mm 0 in page frame 3, which has been thrown away"));
    run.begin();
    run.happens(1, event::SetFileSize{.file = 0, .pages = 1});
    run.happens(1, event::SetFileSize{.file = 0, .pages = 2});
    run.happens(0, access(store));
    BOOST_TEST(run.holds());
  }
}

BOOST_AUTO_TEST_CASE(fires_for_accesses_to_a_page_that_was_discarded_unless_its_translation_waits_for_its_flush) {
  const EntryFact entry{EntryFact::present_bit | 3U << EntryFact::frame_shift};
  for (const bool late : {true, false}) {
    HandMadeRun run;
    for (Fact index = 0; index < 4; ++index) run.world.add_page(0, index);
    run.happens(2, event::BeginGather{.mm = 0});
    if (late) run.happens(2, event::ClearEntry{.mm = 0, .page = 1, .was = entry});
    run.happens(1, event::BeginDiscard{.file = 0, .first = 1, .count = 1});
    run.happens(0, access(true));
    BOOST_TEST(!run.breaks(id));
    run.happens(1, event::RemoveFromPageCache{.page = {.frame = 3, .file = 0, .index = 1}});
    run.happens(0, access(true));
    BOOST_TEST(run.breaks(id) == !late);
    run.happens(2, event::FlushGather{.mm = 0});
    run.happens(0, access(true));
    BOOST_TEST(run.breaks(id));
  }
}

BOOST_AUTO_TEST_CASE(fires_for_devices_that_write_to_freed_frames) {
  HandMadeRun run;
  event::DmaWord dma{.page = {.frame = 3}, .word = 0, .value = 5};
  run.happens(1, dma);
  BOOST_TEST(!run.breaks(id));
  dma.stale = 1;
  run.happens(1, dma);
  BOOST_TEST(run.fact(id) ==
             "a device writes to page frame 3, which has been freed since cpu 1 found it in the page table");
}

BOOST_AUTO_TEST_SUITE_END()
