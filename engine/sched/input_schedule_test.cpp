// The order in which a program's operations run, told from the order of its stores' values.
#include "engine/sched/input_schedule.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/zap/engines.h"
#include "test/programs.h"
#include "test/recorder.h"

using namespace shootdown;

namespace {

// The pages that were stored to, in the order in which that happened.
std::string order_of(const ProgramBuilder& builder) {
  Recorder recorder;
  TestBench bench(*find_engine("eager_dirty"), &recorder);
  BOOST_TEST((bench.run(builder) == Outcome::completed));
  std::string pages;
  for (const auto& access : recorder.all<event::UserAccess>()) {
    if (access.access != Access::fault) pages += static_cast<char>('0' + access.page);
  }
  return pages;
}

ProgramBuilder eight_pages() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pages, 8);
  return builder;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(input_schedule)

BOOST_AUTO_TEST_CASE(operations_run_in_the_order_of_the_list) {
  ProgramBuilder builder = eight_pages();
  for (const int cpu : {2, 0, 0, 1, 2, 1, 0}) {
    builder.operation(cpu, Call::store, builder.program().operation_count, 0);
  }
  BOOST_TEST(order_of(builder) == "0123456");
}

BOOST_AUTO_TEST_CASE(a_suspended_operation_waits_for_all_others) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).suspend(3);
  builder.operation(1, Call::store, 1, 0).operation(0, Call::store, 2, 0).operation(2, Call::store, 3, 0);
  BOOST_TEST(order_of(builder) == "1302");
}

BOOST_AUTO_TEST_CASE(a_preemption_names_who_runs_next) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(2, 3);
  builder.operation(1, Call::store, 1, 0).operation(2, Call::store, 2, 0).operation(2, Call::store, 3, 0);
  BOOST_TEST(order_of(builder) == "2130");  // after its one operation, order reigns again
}

BOOST_AUTO_TEST_CASE(a_preemption_can_give_the_turn_back_to_a_suspended_cpu) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(1, 3);
  builder.operation(1, Call::store, 1, 0).operation(1, Call::store, 2, 0).switch_to(0, 0);
  BOOST_TEST(order_of(builder) == "102");
}

BOOST_AUTO_TEST_CASE(a_preemption_to_a_cpu_that_cannot_run_is_skipped) {
  ProgramBuilder builder = eight_pages();
  // CPU 1 waits for mmap_lock, which CPU 0 holds in its fault.
  builder.operation(0, Call::store, 0, 0).switch_to(1, 3).switch_to(1, 4);
  builder.operation(1, Call::munmap, 7, 1).operation(2, Call::store, 2, 0);
  BOOST_TEST(order_of(builder) == "20");
}

BOOST_AUTO_TEST_CASE(who_is_woken_runs_before_later_operations) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).switch_to(1, 3);
  builder.operation(1, Call::munmap, 7, 1);  // waits for mmap_lock, which CPU 0 holds in its fault
  builder.operation(2, Call::store, 7, 0).switch_to(0, 0).operation(2, Call::store, 2, 0);
  BOOST_TEST(order_of(builder) == "02");  // when CPU 0 is done, page 7 is unmapped, and CPU 2's store to it refused
}

BOOST_AUTO_TEST_CASE(exceptions_beyond_the_end_of_their_operation_are_lost) {
  ProgramBuilder builder = eight_pages();
  builder.operation(0, Call::store, 0, 0).suspend(5000);
  builder.operation(1, Call::store, 1, 0).operation(0, Call::store, 2, 0);
  BOOST_TEST(order_of(builder) == "012");
}

BOOST_AUTO_TEST_SUITE_END()
