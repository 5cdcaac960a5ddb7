// Pages that a device has to itself: who wants one gets it back, or throws it away.
#include "engine/kernel/device_exclusive.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(device_exclusive)

namespace {

// A page of an anonymous mapping is stored to by one CPU, and then a device takes it away.
ProgramBuilder taken_away() {
  ProgramBuilder builder;
  return builder.operation(0, Call::mmap_anonymous, 0, 1)
      .operation(1, Call::store, 0, 0)
      .operation(0, Call::exclusive, 0, 1);
}

// The entries that are set from the one on by which a device has the page, that one included.
std::vector<EntryFact> entries_since_taken(const Recorder& run) {
  std::vector<EntryFact> entries;
  for (const auto& set : run.all<event::SetEntry>()) {
    if (!entries.empty() || set.entry.device_exclusive()) entries.push_back(set.entry);
  }
  return entries;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_fault_makes_the_entry_present_again) {
  const RightRun run(taken_away().operation(1, Call::load, 0, 1));
  const std::vector<EntryFact> entries = entries_since_taken(run);
  BOOST_TEST_REQUIRE(entries.size() == 2U);
  BOOST_TEST(entries[0].device_exclusive());
  BOOST_TEST(entries[1].frame() == entries[0].frame());
  BOOST_TEST(entries[1].write());
  BOOST_TEST(entries[1].dirty());
  const std::vector<event::DmaWord> written = run.all<event::DmaWord>();
  BOOST_TEST_REQUIRE(written.size() == 1U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{written[0].value}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_faults_meanwhile_waits_for_the_device) {
  ProgramBuilder builder = taken_away();
  builder.exception({.kind = Exception::Kind::preempt, .cpu = 1, .event = kind_of<event::DmaWord>, .after = 1});
  const RightRun run(builder.operation(1, Call::load, 0, 1));
  const std::vector<event::WaitForLock> waits = run.all<event::WaitForLock>();
  BOOST_TEST(std::ranges::any_of(waits, [](const auto& wait) { return wait.lock.kind == LockClass::page; }));
  BOOST_TEST(run.loaded().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_zap_puts_the_page_without_a_gather) {
  const RightRun run(taken_away().operation(0, Call::dontneed, 0, 1).operation(0, Call::load, 0, 1));
  BOOST_TEST(run.count<event::QueuePage>() == 0U);
  BOOST_TEST(run.count<event::FreePage>() == 1U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_fork_makes_it_present_for_both) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 2).machine(&MachineConfig::mms, 2);
  builder.operation(0, Call::mmap_anonymous, 0, 1).operation(0, Call::exclusive, 0, 1);
  const RightRun run(builder.operation(0, Call::fork, 1).operation(1, Call::load, 0, 1).operation(0, Call::load, 0, 1));
  BOOST_TEST(run.loaded().size() == 2U);
  BOOST_TEST(run.loaded()[0] == run.loaded()[1]);
  const std::vector<event::SetEntry> set = run.all<event::SetEntry>();
  BOOST_TEST(std::ranges::none_of(set, [](const auto& s) { return s.mm == 1 && s.entry.device_exclusive(); }));
}

BOOST_AUTO_TEST_CASE(what_was_write_protected_meanwhile_comes_back_so) {
  const RightRun run(taken_away().operation(0, Call::protect, 0, 1).operation(1, Call::load, 0, 1));
  const std::vector<EntryFact> entries = entries_since_taken(run);
  BOOST_TEST_REQUIRE(entries.size() == 3U);
  BOOST_TEST(entries[1].device_exclusive());
  BOOST_TEST(entries[2].present());
  BOOST_TEST(!entries[2].write());
  BOOST_TEST(!entries[2].dirty());
}

BOOST_AUTO_TEST_CASE(a_page_that_moves_is_found_at_the_new_place) {
  const RightRun run(taken_away().move(0, 0, 1, 1).operation(1, Call::load, 1, 1));
  BOOST_TEST(run.loaded().size() == 1U);
  BOOST_TEST(run.loaded()[0] == run.all<event::DmaWord>()[0].value);
}

BOOST_AUTO_TEST_CASE(what_is_a_files_is_not_given) {
  const RightRun run(ProgramBuilder().operation(0, Call::exclusive, 0, 0));
  BOOST_TEST(run.count<event::DmaWord>() == 0U);
  BOOST_TEST(entries_since_taken(run).empty());
}

// Whoever has it in hand has a reference; so has the entry.
BOOST_AUTO_TEST_CASE(reclaim_cannot_free_it) {
  ProgramBuilder builder;
  builder.operation(0, Call::mmap_anonymous, 0, 1)
      .operation(0, Call::store, 0, 0)
      .operation(0, Call::cold, 0, 1)
      .operation(1, Call::kswapd, 0, 1)
      .exception({.kind = Exception::Kind::preempt, .cpu = 0, .event = kind_of<event::IsolatePage>, .after = 1});
  const RightRun run(builder.operation(0, Call::exclusive, 0, 0).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.loaded().size() == 1U);
  BOOST_TEST(run.loaded()[0] == run.all<event::DmaWord>()[0].value);
}

BOOST_AUTO_TEST_SUITE_END()
