// What a fork shares, and who still copies it.
#include "engine/kernel/dup_mmap.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/right_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(dup_mmap)

namespace {

RightRun forked(const ProgramBuilder& program) {
  return RightRun(program, delayed_rmap());
}

ProgramBuilder two_mms() {
  return ProgramBuilder()
      .machine(&MachineConfig::cpus, 2)
      .machine(&MachineConfig::mms, 2)
      .machine(&MachineConfig::words, 1)
      .operation(0, Call::mmap_anonymous, 0, 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(threads_of_the_child_wait_until_it_is_there) {
  ProgramBuilder program = two_mms();
  program.operation(1, Call::load, 0, 0).operation(0, Call::store, 0, 0).operation(0, Call::fork, 1);
  const RightRun run = forked(program);
  BOOST_TEST(run.loaded() == std::vector<Fact>{1}, boost::test_tools::per_element());
  BOOST_TEST(run.count<event::Fork>() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_there_is_not_forked_again) {
  const RightRun run = forked(two_mms().operation(0, Call::fork, 1).operation(0, Call::fork, 1));
  BOOST_TEST(run.count<event::Fork>() == 2U);
}

BOOST_AUTO_TEST_CASE(who_stores_first_gets_a_copy_and_the_other_keeps_the_page) {
  ProgramBuilder program = two_mms();
  program.operation(0, Call::store, 0, 0).operation(0, Call::fork, 1);
  program.operation(0, Call::store, 0, 0).operation(1, Call::load, 0, 0);
  BOOST_TEST(forked(program).count<event::CopyWord>() == 1U);
  const RightRun both = forked(program.operation(1, Call::store, 0, 0).operation(0, Call::load, 0, 0));
  BOOST_TEST(both.count<event::CopyWord>() == 1U);
  BOOST_TEST(both.loaded() == (std::vector<Fact>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_page_of_who_has_gone_is_not_copied) {
  ProgramBuilder program = two_mms();
  program.operation(0, Call::store, 0, 0).operation(0, Call::fork, 1).operation(0, Call::exit);
  BOOST_TEST(forked(program.operation(1, Call::store, 0, 0)).count<event::CopyWord>() == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_fault_will_find_is_not_copied) {
  ProgramBuilder program = two_mms();
  program.operation(0, Call::mmap, 0, 2).operation(0, Call::touch, 0, 2).operation(0, Call::fork, 1);
  BOOST_TEST(forked(program.operation(1, Call::load, 1, 0)).count<event::AddRmap>() == 3U);
}

// One flush of everything, also of CPUs that are lazy.
BOOST_AUTO_TEST_CASE(the_parent_is_flushed_once) {
  ProgramBuilder program;
  program.machine(&MachineConfig::mms, 2).operation(0, Call::mmap_anonymous, 0, 2).operation(0, Call::touch, 0, 2);
  const RightRun run = forked(program.operation(2, Call::exit).operation(0, Call::fork, 1));
  BOOST_TEST(run.count<event::SendInterrupt>() >= 1U);
  BOOST_TEST(run.all<event::SendInterrupt>().front().cpus == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
