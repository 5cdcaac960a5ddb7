// Swap space: which slots are taken, what comes back, and what becomes of the swap cache.
#include "engine/kernel/swap.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(swap)

namespace {

std::vector<Fact> slots_of(const RightRun& run) {
  std::vector<Fact> taken;
  for (const auto& allocation : run.all<event::AllocateSwap>()) taken.push_back(allocation.slot);
  return taken;
}

ProgramBuilder stored(int pages) {
  return ProgramBuilder()
      .machine(&MachineConfig::pages, pages)
      .operation(0, Call::mmap_anonymous, 0, pages)
      .operation(0, Call::touch, 0, pages);
}

}  // namespace

BOOST_AUTO_TEST_CASE(areas_are_filled_in_turn) {
  const RightRun run(stored(4).operation(1, Call::kswapd, 0, 4));
  BOOST_TEST(slots_of(run) == (std::vector<Fact>{0, 4, 1, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_has_no_slot_stays) {
  const RightRun run(stored(10).operation(1, Call::kswapd, 0, 10));
  const std::vector<Fact> slots = slots_of(run);
  BOOST_TEST(slots.size() == 10U);
  BOOST_TEST(std::ranges::count(slots, no_fact) == 2);
}

BOOST_AUTO_TEST_CASE(what_was_written_comes_back_from_either_area) {
  const RightRun run(stored(2)
                         .operation(1, Call::kswapd, 0, 2)
                         .operation(0, Call::load, 0, 0)
                         .operation(0, Call::load, 1, 0)
                         .operation(1, Call::kswapd, 0, 2)
                         .operation(1, Call::load, 1, 0));
  BOOST_TEST(run.loaded() == (std::vector<Fact>{1, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(!run.all<event::ReadFromSwap>().empty());
}

BOOST_AUTO_TEST_CASE(the_disk_answers_by_an_interrupt_and_memory_does_not) {
  const RightRun run(stored(2).operation(1, Call::kswapd, 0, 2));
  const auto submitted = run.all<event::SubmitIo>();
  BOOST_TEST_REQUIRE(submitted.size() == 1U);
  BOOST_TEST(!SwapSpace::answers_at_once(static_cast<int>(submitted[0].slot)));
  BOOST_TEST(run.all<event::TakeDiskInterrupt>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_alone_reads_memory_beside_the_swap_cache) {
  const RightRun run(stored(1).operation(1, Call::kswapd, 0, 1).operation(0, Call::load, 0, 0));
  // Once when it was swapped out.
  BOOST_TEST(run.all<event::AddToSwapCache>().size() == 1U);
  BOOST_TEST(run.loaded() == std::vector<Fact>{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(slots_are_free_again_when_nobody_wants_them) {
  const RightRun run(stored(2)
                         .operation(1, Call::kswapd, 0, 2)
                         .operation(0, Call::munmap, 0, 2)
                         .operation(0, Call::mmap_anonymous, 0, 2)
                         .operation(0, Call::touch, 0, 2)
                         .operation(1, Call::kswapd, 0, 2));
  for (const auto& count : run.all<event::CountSwap>()) BOOST_TEST(count.users <= 1U);
  BOOST_TEST(slots_of(run).size() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
