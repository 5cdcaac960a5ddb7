// Reclaim: what is spared, what goes, and when the TLBs are flushed.
#include "engine/kernel/vmscan.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(vmscan)

BOOST_AUTO_TEST_CASE(the_flush_is_put_off_until_the_page_leaves_the_page_cache) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::cpus, 2)
                         .machine(&MachineConfig::pages, 3)
                         .operation(0, Call::populate, 0, 3)
                         .operation(1, Call::kswapd, 0, 3));
  std::size_t unmapped = 0;
  std::size_t flushed = 0;
  bool freed = false;
  for (const AnyEvent& event : run.events()) {
    if (event.is<event::DeferFlush>()) {
      BOOST_TEST(!freed);
      BOOST_TEST(unmapped++ == flushed);
    }
    if (event.is<event::SendInterrupt>() && !freed) ++flushed;
    if (event.is<event::RemoveFromPageCache>() && !freed) BOOST_TEST(flushed == unmapped);
    freed = freed || event.is<event::FreePage>();
  }
  BOOST_TEST(unmapped == 3U);
  BOOST_TEST(flushed == 3U);
}

BOOST_AUTO_TEST_CASE(who_has_the_only_cpu_flushes_at_once) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::cpus, 1)
                         .operation(0, Call::populate, 0, 2)
                         .operation(0, Call::kswapd, 0, 2));
  BOOST_TEST(run.all<event::DeferFlush>().empty());
  BOOST_TEST(run.all<event::FreePage>().size() == 2U);
}

BOOST_AUTO_TEST_CASE(dirty_pages_of_files_are_left_to_others) {
  const RightRun run(ProgramBuilder().operation(0, Call::store, 0, 0).operation(1, Call::kswapd, 0, 1));
  // When it ends, not before.
  BOOST_TEST(run.all<event::RemoveFromPageCache>().size() == 1U);
  BOOST_TEST(run.all<event::WriteToDisk>().size() == static_cast<std::size_t>(MachineConfig().words));
  BOOST_TEST(run.all<event::PutBackPage>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_page_is_isolated_by_one) {
  const RightRun run(ProgramBuilder()
                         .machine(&MachineConfig::mms, 2)
                         .operation(0, Call::load, 0, 0)
                         .operation(1, Call::load, 0, 0)
                         .operation(0, Call::kswapd, 0, 1)
                         .operation(1, Call::kswapd, 0, 1));
  for (const auto& isolation : run.all<event::IsolatePage>()) BOOST_TEST(isolation.isolated == 1U);
}

// 6.12's reclaim_pages does not ask.
BOOST_AUTO_TEST_CASE(that_a_page_was_accessed_is_forgotten_and_asked_once_more) {
  const ProgramBuilder program = ProgramBuilder().operation(0, Call::load, 0, 0).operation(1, Call::kswapd, 0, 1);
  BOOST_TEST(RightRun(program).all<event::ClearAccessed>().size() == 2U);
  BOOST_TEST(RightRun(program, delayed_rmap()).all<event::ClearAccessed>().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
