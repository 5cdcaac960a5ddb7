// What a fork shares, and who still copies it.
#include "engine/kernel/dup_mmap.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/recorder.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(dup_mmap)

namespace {

struct Forked {
  // Of a program in which mm 0 may fork mm 1. It must hold.
  void run(const ProgramBuilder& program) {
    TestBench bench(*find_engine("delayed_rmap"), &recorder);
    BOOST_TEST((bench.run(program) == Outcome::completed));
    BOOST_TEST(bench.holds());
  }
  template <typename E>
  std::size_t count() const {
    return recorder.all<E>().size();
  }
  std::vector<Fact> loaded() const {
    std::vector<Fact> values;
    for (const auto& access : recorder.all<event::UserAccess>()) {
      if (access.store == 0 && access.access != Access::fault) values.push_back(access.value);
    }
    return values;
  }
  Recorder recorder;
};

ProgramBuilder two_mms() {
  return ProgramBuilder()
      .machine(&MachineConfig::cpus, 2)
      .machine(&MachineConfig::mms, 2)
      .machine(&MachineConfig::words, 1)
      .operation(0, Call::mmap_anonymous, 0, 1);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(threads_of_the_child_wait_until_it_is_there, Forked) {
  ProgramBuilder program = two_mms();
  program.operation(1, Call::load, 0, 0).operation(0, Call::store, 0, 0).operation(0, Call::fork, 1);
  run(program);
  BOOST_TEST(loaded() == std::vector<Fact>{1}, boost::test_tools::per_element());
  BOOST_TEST(count<event::Fork>() == 2U);
}

BOOST_FIXTURE_TEST_CASE(what_is_there_is_not_forked_again, Forked) {
  run(two_mms().operation(0, Call::fork, 1).operation(0, Call::fork, 1));
  BOOST_TEST(count<event::Fork>() == 2U);
}

BOOST_FIXTURE_TEST_CASE(who_stores_first_gets_a_copy_and_the_other_keeps_the_page, Forked) {
  ProgramBuilder program = two_mms();
  program.operation(0, Call::store, 0, 0).operation(0, Call::fork, 1);
  program.operation(0, Call::store, 0, 0).operation(1, Call::load, 0, 0);
  run(program);
  BOOST_TEST(count<event::CopyWord>() == 1U);
  run(program.operation(1, Call::store, 0, 0).operation(0, Call::load, 0, 0));
  BOOST_TEST(count<event::CopyWord>() == 1U);
  BOOST_TEST(loaded() == (std::vector<Fact>{1, 2}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_page_of_who_has_gone_is_not_copied, Forked) {
  ProgramBuilder program = two_mms();
  program.operation(0, Call::store, 0, 0).operation(0, Call::fork, 1).operation(0, Call::exit);
  run(program.operation(1, Call::store, 0, 0));
  BOOST_TEST(count<event::CopyWord>() == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_a_fault_will_find_is_not_copied, Forked) {
  ProgramBuilder program = two_mms();
  program.operation(0, Call::mmap, 0, 2).operation(0, Call::touch, 0, 2).operation(0, Call::fork, 1);
  run(program.operation(1, Call::load, 1, 0));
  BOOST_TEST(count<event::AddRmap>() == 3U);
}

// One flush of everything, also of CPUs that are lazy.
BOOST_FIXTURE_TEST_CASE(the_parent_is_flushed_once, Forked) {
  ProgramBuilder program;
  program.machine(&MachineConfig::mms, 2).operation(0, Call::mmap_anonymous, 0, 2).operation(0, Call::touch, 0, 2);
  run(program.operation(2, Call::exit).operation(0, Call::fork, 1));
  BOOST_TEST(count<event::SendInterrupt>() >= 1U);
  BOOST_TEST(recorder.all<event::SendInterrupt>().front().cpus == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
