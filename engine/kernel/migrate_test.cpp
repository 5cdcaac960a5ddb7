// Migration: pages are found where they were, in other frames.
#include "engine/kernel/migrate.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(migrate)

namespace {

// Frames of the accesses that worked.
std::vector<Fact> frames_of(const RightRun& run) {
  std::vector<Fact> found;
  for (const auto& access : run.all<event::UserAccess>()) {
    if (access.access != Access::fault) found.push_back(access.frame);
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_of_a_file_moves_with_all_that_maps_it) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::mms, 2)
                         .operation(0, Call::store, 0, 0)
                         .operation(1, Call::load, 0, 0)
                         .operation(0, Call::migrate, 0, 1)
                         .operation(0, Call::load, 0, 0)
                         .operation(1, Call::load, 0, 0));
  const std::vector<Fact> frames = frames_of(run);
  BOOST_TEST_REQUIRE(frames.size() == 4U);
  BOOST_TEST(frames[0] == frames[1]);
  BOOST_TEST(frames[2] != frames[0]);
  BOOST_TEST(frames[3] == frames[2]);
  BOOST_TEST(run.all<event::ReplaceInPageCache>().size() == 1U);
  // Nobody has to fault.
  std::size_t faults = 0;
  for (const auto& access : run.all<event::UserAccess>()) faults += access.access == Access::fault ? 1U : 0U;
  BOOST_TEST(faults == 2U);
}

BOOST_AUTO_TEST_CASE(anonymous_pages_move_without_a_page_cache) {
  const RightRun run(ProgramBuilder()
                         .operation(0, Call::mmap_anonymous, 0, 1)
                         .operation(0, Call::store, 0, 0)
                         .operation(1, Call::migrate, 0, 1)
                         .operation(0, Call::store, 0, 0));
  BOOST_TEST(frames_of(run)[0] != frames_of(run)[1]);
  BOOST_TEST(run.all<event::ReplaceInPageCache>().empty());
}

BOOST_AUTO_TEST_CASE(who_faults_meanwhile_waits_and_finds_the_new_frame) {
  const RightRun run(ProgramBuilder()
                         .operation(0, Call::store, 0, 0)
                         .operation(1, Call::migrate, 0, 1)
                         .switch_to(0, 30)
                         .operation(0, Call::load, 0, 0));
  BOOST_TEST(frames_of(run).size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_does_not_move) {
  const RightRun run(ProgramBuilder().operation(0, Call::migrate, 0, 2));
  BOOST_TEST(run.all<event::MoveWord>().empty());
}

BOOST_AUTO_TEST_SUITE_END()
