// Programs for engines that cannot run all: what becomes of them.
#include "fuzz/replay/adapt.h"

#include <string>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/text.h"
#include "test/inputs.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

namespace {

// Has machines of one page, and can do what UnwillingEngine cannot.
class SmallEngine final : public UnwillingEngine {
 public:
  std::string refusal(const Program& program) const override {
    return program.machine.pages == 1 ? "" : "there is but one page";
  }
  void adapt(Program& program) const override { program.machine.pages = 1; }
};

Program on_the_last_of_four() {
  return input_of("shootdown 2\nmachine cpus 1, pages 4, words 1\ncpu 0: store page 3 word 0\n").document.program;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapt)

BOOST_AUTO_TEST_CASE(operations_come_back_into_a_machine_that_became_smaller) {
  Program program = on_the_last_of_four();
  BOOST_TEST(adapt_to(program, SmallEngine()));
  BOOST_TEST(print(program) ==
             "shootdown 2\n"
             "machine cpus 1, pages 1, words 1\n\n"
             "cpu 0: store page 0 word 0\n");
}

BOOST_AUTO_TEST_CASE(what_an_engine_can_run_stays_as_it_is) {
  Program program = on_the_last_of_four();
  BOOST_TEST(adapt_to(program, eager_dirty()));
  BOOST_TEST((program == on_the_last_of_four()));
}

BOOST_AUTO_TEST_CASE(there_are_programs_that_nothing_helps) {
  Program program = on_the_last_of_four();
  BOOST_TEST(!adapt_to(program, UnwillingEngine()));
}

BOOST_AUTO_TEST_SUITE_END()
