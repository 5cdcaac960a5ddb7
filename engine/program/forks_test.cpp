#include "engine/program/forks.h"

#include <initializer_list>

#include <boost/test/unit_test.hpp>

namespace {

using namespace shootdown;

struct Step {
  int cpu;
  Call call;
  int mm = 0;
};

// Of a machine with a CPU for each of four mms.
unsigned forked_by(std::initializer_list<Step> steps) {
  Program program;
  program.machine.cpus = 4;
  program.machine.mms = 4;
  for (const Step& step : steps) {
    Operation& operation = program.operations[program.operation_count++];
    operation.call = step.call;
    operation.cpu = static_cast<std::uint8_t>(step.cpu);
    operation.operands[0].value = static_cast<std::uint16_t>(step.mm);
  }
  return forked_mms(program);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(forks)

BOOST_AUTO_TEST_CASE(all_are_there_without_forks) {
  BOOST_TEST(forked_by({}) == 0U);
  BOOST_TEST(forked_by({{0, Call::exit}, {1, Call::exit}}) == 0U);
}

BOOST_AUTO_TEST_CASE(a_child_and_its_child) {
  BOOST_TEST(forked_by({{0, Call::fork, 2}}) == 0b100U);
  BOOST_TEST(forked_by({{0, Call::fork, 1}, {1, Call::fork, 2}, {0, Call::fork, 3}}) == 0b1110U);
  // Whatever the order of the list.
  BOOST_TEST(forked_by({{3, Call::fork, 2}, {1, Call::fork, 3}, {0, Call::fork, 1}}) == 0b1110U);
  // By who is not in its place in the order of mms.
  BOOST_TEST(forked_by({{3, Call::fork, 1}}) == 0b10U);
}

BOOST_AUTO_TEST_CASE(who_has_exited_forks_nothing) {
  BOOST_TEST(forked_by({{0, Call::exit}, {0, Call::fork, 1}}) == 0U);
  BOOST_TEST(forked_by({{0, Call::fork, 1}, {0, Call::exit}}) == 0b10U);
}

// These would wait for each other.
BOOST_AUTO_TEST_CASE(who_is_forked_by_nobody_who_is_there_is_there) {
  BOOST_TEST(forked_by({{1, Call::fork, 1}}) == 0U);
  BOOST_TEST(forked_by({{1, Call::fork, 2}, {2, Call::fork, 1}}) == 0U);
  BOOST_TEST(forked_by({{1, Call::fork, 2}, {2, Call::fork, 1}, {0, Call::fork, 2}}) == 0b110U);
  BOOST_TEST(forked_by({{1, Call::fork, 2}, {2, Call::fork, 1}, {1, Call::fork, 3}}) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
