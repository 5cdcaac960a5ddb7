// A device's private memory: pages move there, and come back to who uses them.
#include "engine/kernel/device_private.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(device_private)

namespace {

// A page of an anonymous mapping is stored to by one CPU, and moves to a device, which writes to it.
ProgramBuilder moved_away() {
  ProgramBuilder builder;
  return builder.operation(0, Call::mmap_anonymous, 0, 1)
      .operation(1, Call::store, 0, 0)
      .operation(0, Call::to_device, 0, 1);
}

ProgramBuilder two_mms() {
  ProgramBuilder builder;
  return builder.machine(&MachineConfig::cpus, 2).machine(&MachineConfig::mms, 2);
}

// The entries that are set from the first one on that leads to a device, that one included.
std::vector<EntryFact> entries_since_moved(const Recorder& run) {
  std::vector<EntryFact> entries;
  for (const auto& set : run.all<event::SetEntry>()) {
    if (!entries.empty() || set.entry.device_private()) entries.push_back(set.entry);
  }
  return entries;
}

Fact written_by_device(const Recorder& run) {
  const std::vector<event::DmaWord> written = run.all<event::DmaWord>();
  return written.empty() ? 0 : written.back().value;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_fault_brings_the_page_back) {
  const RightRun run(moved_away().operation(1, Call::load, 0, 1).operation(1, Call::load, 0, 0));
  const std::vector<EntryFact> entries = entries_since_moved(run);
  BOOST_TEST_REQUIRE(entries.size() == 3U);
  BOOST_TEST(entries[1].migrating());
  BOOST_TEST(entries[1].frame() == entries[0].frame());
  BOOST_TEST(entries[2].present());
  BOOST_TEST(entries[2].write());
  BOOST_TEST(entries[2].frame() != entries[0].frame());
  BOOST_TEST_REQUIRE(run.loaded().size() == 2U);
  BOOST_TEST(run.loaded()[0] == written_by_device(run));
  BOOST_TEST(run.loaded()[1] != 0U);
}

BOOST_AUTO_TEST_CASE(where_there_is_no_page_the_device_gets_one) {
  const RightRun run(ProgramBuilder()
                         .operation(0, Call::mmap_anonymous, 0, 1)
                         .operation(0, Call::to_device, 0, 1)
                         .operation(1, Call::load, 0, 1)
                         .operation(1, Call::load, 0, 0));
  const std::vector<Fact> expected{written_by_device(run), 0};
  BOOST_TEST(run.loaded() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_faults_while_it_moves_waits) {
  ProgramBuilder builder = moved_away();
  builder.exception({.kind = Exception::Kind::preempt, .cpu = 1, .event = kind_of<event::MoveWord>, .after = 1});
  const RightRun run(builder.operation(1, Call::load, 0, 1));
  const std::vector<event::WaitForLock> waits = run.all<event::WaitForLock>();
  BOOST_TEST(std::ranges::any_of(waits, [](const auto& wait) { return wait.lock.kind == LockClass::page; }));
  BOOST_TEST(run.loaded() == std::vector<Fact>{written_by_device(run)}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_zap_puts_the_page_without_a_gather) {
  const RightRun run(moved_away().operation(0, Call::dontneed, 0, 1).operation(0, Call::load, 0, 1));
  BOOST_TEST(run.count<event::QueuePage>() == 0U);
  BOOST_TEST(run.count<event::FreePage>() == 2U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_fork_shares_it_where_it_is) {
  ProgramBuilder builder = two_mms();
  builder.operation(0, Call::mmap_anonymous, 0, 1).operation(0, Call::to_device, 0, 1).operation(0, Call::fork, 1);
  const RightRun run(
      builder.operation(1, Call::load, 0, 1).operation(0, Call::store, 0, 1).operation(1, Call::load, 0, 1));
  const std::vector<EntryFact> entries = entries_since_moved(run);
  BOOST_TEST_REQUIRE(entries.size() > 3U);
  BOOST_TEST(entries[1].device_private());
  BOOST_TEST(entries[2].device_private());
  BOOST_TEST(run.loaded().size() == 2U);
  BOOST_TEST(run.loaded()[0] == written_by_device(run));
  BOOST_TEST(run.loaded()[1] == written_by_device(run));
  // It was no copy that moved there.
  BOOST_TEST(run.count<event::MoveWord>() == std::size_t{MachineConfig{}.words});
}

BOOST_AUTO_TEST_CASE(what_is_read_only_moves_and_is_not_written_to) {
  const RightRun run(ProgramBuilder()
                         .operation(0, Call::mmap_anonymous, 0, 1)
                         .operation(0, Call::store, 0, 0)
                         .operation(0, Call::protect, 0, 1)
                         .operation(0, Call::to_device, 0, 0)
                         .operation(0, Call::load, 0, 0));
  BOOST_TEST(run.count<event::DmaWord>() == 0U);
  BOOST_TEST(!entries_since_moved(run).empty());
  BOOST_TEST(run.loaded().size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_write_protected_meanwhile_comes_back_so) {
  const RightRun run(moved_away().operation(0, Call::protect, 0, 1).operation(1, Call::load, 0, 1));
  const std::vector<EntryFact> entries = entries_since_moved(run);
  BOOST_TEST_REQUIRE(entries.size() == 4U);
  BOOST_TEST(entries[1].device_private());
  BOOST_TEST(entries[3].present());
  BOOST_TEST(!entries[3].write());
}

BOOST_AUTO_TEST_CASE(a_page_whose_mapping_moves_is_found_there) {
  const RightRun run(moved_away().move(0, 0, 1, 1).operation(1, Call::load, 1, 1));
  BOOST_TEST(run.loaded() == std::vector<Fact>{written_by_device(run)}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_pin_has_it_brought_back) {
  const RightRun run(moved_away().operation(0, Call::dma, 0, 0).operation(1, Call::load, 0, 0));
  BOOST_TEST(run.loaded() == std::vector<Fact>{written_by_device(run)}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_there_is_only_written_to) {
  const RightRun run(moved_away().operation(0, Call::to_device, 0, 0).operation(1, Call::load, 0, 0));
  BOOST_TEST(run.count<event::DmaWord>() == 2U);
  BOOST_TEST(entries_since_moved(run).size() == 3U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{written_by_device(run)}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_a_files_stays) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 0, 0).operation(0, Call::to_device, 0, 0));
  BOOST_TEST(entries_since_moved(run).empty());
  BOOST_TEST(run.count<event::DmaWord>() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_in_use_is_mapped_again) {
  ProgramBuilder builder;
  builder.operation(0, Call::mmap_anonymous, 0, 1)
      .operation(0, Call::store, 0, 0)
      .operation(1, Call::kswapd, 0, 1)
      .exception({.kind = Exception::Kind::preempt, .cpu = 0, .event = kind_of<event::IsolatePage>, .after = 1});
  const RightRun run(builder.operation(0, Call::to_device, 0, 0).operation(0, Call::load, 0, 0));
  BOOST_TEST(entries_since_moved(run).empty());
  BOOST_TEST(run.count<event::DmaWord>() == 0U);
  BOOST_TEST(run.loaded().size() == 1U);
}

BOOST_AUTO_TEST_CASE(reclaim_does_not_find_it) {
  const RightRun run(moved_away().operation(0, Call::kswapd, 0, 1).operation(0, Call::migrate, 0, 1));
  BOOST_TEST(run.count<event::IsolatePage>() == 1U);
  BOOST_TEST(run.count<event::AddToSwapCache>() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
