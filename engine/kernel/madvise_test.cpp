// madvise: what may be thrown away, what is made old, and whom a call leaves alone.
#include "engine/kernel/madvise.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(madvise)

namespace {

ProgramBuilder anonymous() {
  return ProgramBuilder().operation(0, Call::mmap_anonymous, 0, 2).operation(0, Call::touch, 0, 2);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_freed_lazily_is_zeros_when_it_was_reclaimed) {
  const RightRun run(anonymous()
                         .operation(0, Call::free, 0, 1)
                         .operation(0, Call::load, 0, 0)
                         .operation(1, Call::kswapd, 0, 1)
                         .operation(0, Call::load, 0, 0)
                         .operation(0, Call::load, 1, 0));
  BOOST_TEST(run.loaded() == (std::vector<Fact>{1, 0, 2}), boost::test_tools::per_element());
  BOOST_TEST(run.all<event::AllocateSwap>().empty());
}

BOOST_AUTO_TEST_CASE(what_is_written_to_afterwards_is_kept) {
  const RightRun run(anonymous()
                         .operation(0, Call::free, 0, 1)
                         .operation(0, Call::store, 0, 0)
                         .operation(1, Call::kswapd, 0, 1)
                         .operation(0, Call::load, 0, 0));
  BOOST_TEST(run.loaded() == std::vector<Fact>{3}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(memory_of_files_cannot_be_freed_lazily) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 0, 0).operation(0, Call::free, 0, 1));
  BOOST_TEST(run.all<event::FreeLazily>().empty());
}

BOOST_AUTO_TEST_CASE(what_is_in_swap_space_is_given_up_at_once) {
  const RightRun run(
      anonymous().operation(1, Call::kswapd, 0, 1).operation(0, Call::free, 0, 1).operation(0, Call::load, 0, 0));
  BOOST_TEST(run.loaded() == std::vector<Fact>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pageout_leaves_alone_what_others_map_too) {
  const ProgramBuilder both =
      ProgramBuilder().machine(&MachineConfig::mms, 2).operation(0, Call::load, 0, 0).operation(1, Call::load, 0, 0);
  BOOST_TEST(RightRun(ProgramBuilder(both).operation(0, Call::pageout, 0, 1)).all<event::IsolatePage>().empty());
  const RightRun alone(ProgramBuilder(both).operation(1, Call::dontneed, 0, 1).operation(0, Call::pageout, 0, 1));
  BOOST_TEST(alone.all<event::IsolatePage>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(cold_makes_entries_old_and_reclaims_nothing) {
  const RightRun run(anonymous().operation(0, Call::cold, 0, 2));
  BOOST_TEST(run.all<event::IsolatePage>().empty());
  std::size_t old = 0;
  for (const auto& set : run.all<event::SetEntry>()) old += set.entry.present() && !set.entry.young() ? 1U : 0U;
  BOOST_TEST(old == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
