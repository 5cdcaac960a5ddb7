// The disk: what is in flight, who waits for it, and when.
#include "engine/kernel/disk.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(disk)

namespace {

// Longer than any operation here takes.
constexpr int slow = 500;

ProgramBuilder with_disk(int steps, int pages) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 1).machine(&MachineConfig::words, 1);
  return builder.machine(&MachineConfig::pages, pages).machine(&MachineConfig::disk, steps);
}

// What becomes of requests to write, and when fsyncs return: a letter for each. s: the disk is asked; d: the interrupt; w: a word
// is written; e: writeback ends; W: somebody waits for that; F: an fsync returns.
std::string story_of(const RightRun& run) {
  std::string story;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::SubmitIo>() && event.as<event::SubmitIo>().writes != 0) story += 's';
    if (event.is<event::TakeDiskInterrupt>()) story += 'd';
    if (event.is<event::WriteToDisk>()) story += 'w';
    if (event.is<event::ClearWriteback>()) story += 'e';
    if (event.is<event::WaitForWriteback>()) story += 'W';
    if (event.is<event::FsyncReturns>()) story += 'F';
  }
  return story;
}

// Without what reading in takes.
std::string story_of_writes(const ProgramBuilder& program) {
  const std::string story = story_of(RightRun(program));
  return story.substr(story.find('s'));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_disk_that_is_memory_is_not_asked) {
  const RightRun run(with_disk(0, 1).operation(0, Call::store, 0).operation(0, Call::fsync, 0, 1));
  BOOST_TEST(run.count<event::SubmitIo>() == 0U);
  BOOST_TEST(story_of(run) == "weFF");
}

BOOST_AUTO_TEST_CASE(who_only_writes_back_goes_on_and_who_syncs_waits) {
  ProgramBuilder program = with_disk(slow, 2).operation(0, Call::touch, 0, 2);
  BOOST_TEST(story_of_writes(program.operation(0, Call::writeback, 0, 2).operation(0, Call::fsync, 0, 2)) ==
             "ssWdweWdweFF");
  BOOST_TEST(story_of_writes(with_disk(slow, 1).operation(0, Call::store, 0).operation(0, Call::fsync, 0, 1)) ==
             "sWdweFF");
}

// Each load is one step.
BOOST_AUTO_TEST_CASE(how_long_a_request_takes_is_counted_in_steps_of_its_cpu) {
  const auto steps_between = [](int disk) {
    ProgramBuilder program = with_disk(disk, 1).operation(0, Call::store, 0).operation(0, Call::writeback, 0, 1);
    for (int i = 0; i < 30; ++i) program.operation(0, Call::load, 0);
    const RightRun run(program);
    std::uint64_t asked = 0;
    for (const AnyEvent& event : run.events()) {
      if (event.is<event::SubmitIo>() && event.as<event::SubmitIo>().writes != 0) asked = event.step;
      if (event.is<event::TakeDiskInterrupt>() && asked != 0) return event.step - asked;
    }
    return std::uint64_t{0};
  };
  for (const int disk : {1, 2, 7, 20}) BOOST_TEST(steps_between(disk) == static_cast<std::uint64_t>(disk) + 1);
}

BOOST_AUTO_TEST_CASE(who_finds_its_queue_full_waits_for_the_oldest_request) {
  ProgramBuilder program = with_disk(slow, 6).operation(0, Call::touch, 0, 6);
  BOOST_TEST(story_of_writes(program.operation(0, Call::writeback, 0, 6)).starts_with("ssssWdwesWdwes"));
}

// The second write waits for the first, and takes the interrupt in which that ends.
BOOST_AUTO_TEST_CASE(a_page_that_is_dirty_again_is_written_when_it_has_been_written) {
  BOOST_TEST(story_of_writes(with_disk(slow, 1)
                                 .operation(0, Call::store, 0)
                                 .operation(0, Call::writeback, 0, 1)
                                 .operation(0, Call::store, 0)
                                 .operation(0, Call::fsync, 0, 1)) == "sWdwesWdweFF");
}

BOOST_AUTO_TEST_CASE(advice_and_reclaim_pass_over_what_is_in_flight) {
  const RightRun run(with_disk(slow, 1)
                         .operation(0, Call::write, 0)
                         .operation(0, Call::fadvise, 0, 1)
                         .operation(0, Call::reclaim, 0, 1)
                         .operation(0, Call::fsync, 0, 1)
                         .operation(0, Call::fadvise, 0, 1));
  std::string order;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::RemoveFromPageCache>()) order += 'r';
    if (event.is<event::ClearWriteback>()) order += 'e';
  }
  BOOST_TEST(order == "er");
}

BOOST_AUTO_TEST_CASE(a_large_folio_is_one_request) {
  const ProgramBuilder program = with_disk(slow, 4)
                                     .machine(&MachineConfig::folio_order, 2)
                                     .operation(0, Call::store, 1)
                                     .operation(0, Call::writeback, 0, 4);
  BOOST_TEST(story_of_writes(program) == "sWdwwwweF");
}

BOOST_AUTO_TEST_CASE(what_is_read_arrives_in_an_interrupt) {
  const RightRun run(with_disk(slow, 1)
                         .operation(0, Call::write, 0)
                         .operation(0, Call::fsync, 0, 1)
                         .operation(0, Call::fadvise, 0, 1)
                         .operation(0, Call::read, 0)
                         .operation(0, Call::load, 0));
  std::string order;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::SubmitIo>()) order += event.as<event::SubmitIo>().writes != 0 ? 's' : 'r';
    if (event.is<event::TakeDiskInterrupt>()) order += 'd';
    if (event.is<event::ReadFromDisk>()) order += 'R';
    if (event.is<event::ReadWord>()) order += 'x';
  }
  BOOST_TEST(order == "rdRsdrdRx");
  BOOST_TEST(run.loaded() == std::vector<Fact>{1}, boost::test_tools::per_element());
}

// A thread that has ended takes its interrupts, and the run ends when there are none left.
BOOST_AUTO_TEST_CASE(a_run_ends_when_nothing_is_in_flight) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::disk, slow)
                         .operation(1, Call::touch, 0, 2)
                         .operation(1, Call::writeback, 0, 2)
                         .operation(1, Call::exit));
  BOOST_TEST(run.count<event::SubmitIo>() == run.count<event::TakeDiskInterrupt>());
  BOOST_TEST(run.count<event::SetWriteback>() == run.count<event::ClearWriteback>());
}

BOOST_AUTO_TEST_CASE(swap_space_is_as_slow) {
  const RightRun run(with_disk(slow, 2)
                         .operation(0, Call::mmap_anonymous, 0, 2)
                         .operation(0, Call::touch, 0, 2)
                         .operation(0, Call::kswapd, 0, 2)
                         .operation(0, Call::load, 0)
                         .operation(0, Call::load, 1));
  // One of two pages goes to the disk, and stays in the swap cache while it is in flight.
  BOOST_TEST(run.count<event::SubmitIo>() == 1U);
  BOOST_TEST(run.loaded() == (std::vector<Fact>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
