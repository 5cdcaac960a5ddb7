// Memory that has no pages: it is the same for all who map it, wherever its driver has it.
#include "engine/kernel/device_memory.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(device_memory)

namespace {

ProgramBuilder device() {
  ProgramBuilder builder;
  return builder.operation(0, Call::mmap_device, 0, 2).operation(0, Call::store, 0, 0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_moved_is_found_in_another_frame) {
  const RightRun run(device().operation(1, Call::move_device, 0, 1).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.loaded() == std::vector<Fact>{1}, boost::test_tools::per_element());
  BOOST_TEST(run.count<event::FreePage>() == 1U);
  std::vector<Fact> frames;
  for (const auto& access : run.all<event::UserAccess>()) {
    if (access.access != Access::fault) frames.push_back(access.frame);
  }
  BOOST_TEST_REQUIRE(frames.size() == 2U);
  BOOST_TEST(frames[0] != frames[1]);
}

BOOST_AUTO_TEST_CASE(it_has_no_rmap_and_no_gather_holds_it) {
  const RightRun run(device().operation(0, Call::munmap, 0, 2));
  BOOST_TEST(run.count<event::AddRmap>() == 0U);
  BOOST_TEST(run.count<event::QueuePage>() == 0U);
}

BOOST_AUTO_TEST_CASE(its_mapping_is_flushed_before_it_is_forgotten) {
  const RightRun run(device().operation(0, Call::munmap, 0, 2));
  bool unlinked = false;
  std::vector<bool> flushed_before;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::OperationBegins>()) unlinked = false;
    if (event.is<event::TakeLock>() && event.as<event::TakeLock>().lock.kind == LockClass::i_mmap) unlinked = true;
    if (event.is<event::RaiseTlbGeneration>()) flushed_before.push_back(!unlinked);
  }
  BOOST_TEST_REQUIRE(!flushed_before.empty());
  BOOST_TEST(flushed_before.front());
}

BOOST_AUTO_TEST_CASE(a_child_has_it_too) {
  ProgramBuilder builder = device();
  builder.machine(&MachineConfig::cpus, 2).machine(&MachineConfig::mms, 2);
  const RightRun run(
      builder.operation(0, Call::fork, 1).operation(1, Call::store, 0, 0).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.loaded() == std::vector<Fact>{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_of_it_is_pinned_or_thrown_away) {
  const RightRun run(
      device().operation(0, Call::dma, 0, 0).operation(0, Call::dontneed, 0, 1).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.count<event::RefusePin>() == 1U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_write_protected_can_be_stored_to_again) {
  const RightRun run(device()
                         .operation(0, Call::protect, 0, 1)
                         .operation(1, Call::store, 0, 0)
                         .operation(0, Call::unprotect, 0, 1)
                         .operation(1, Call::store, 0, 0)
                         .operation(0, Call::load, 0, 0));
  BOOST_TEST(run.count<event::RefuseAccess>() == 1U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
