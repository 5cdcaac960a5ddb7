#include "oracles/kernel_warnings.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>

#include "test/hand_made_run.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(kernel_warnings)

namespace {

constexpr OracleId id = OracleId::kernel_warnings;
using How = event::KernelWarns::How;
using Kind = TextFact::Kind;

}  // namespace

BOOST_AUTO_TEST_CASE(silent_when_the_kernel_is) {
  HandMadeRun run;
  run.end();
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(says_what_the_kernel_says) {
  const std::pair<event::KernelWarns, std::string> facts[] = {
      {{.how = How::warns, .text = {Kind::place, 7}}, "the kernel warns at mm/memory.c:7"},
      {{.how = How::stops, .text = {Kind::place, 8}}, "the kernel stops at mm/memory.c:8"},
      {{.how = How::prints, .text = {Kind::message, 0}}, "the kernel says: Bad page map in process %s {0}"},
      {{.how = How::touches, .text = {Kind::function, 0}, .address_low = 0x10},
       "unmap_page_range touches an address where nothing is: 0x0000000000000010"},
      {{.how = How::touches, .text = {Kind::function, 0}, .address_high = 0xdead0000, .address_low = 0x100},
       "unmap_page_range touches an address where nothing is: 0xdead000000000100"}};
  HandMadeRun run;
  run.world.texts = {{{Kind::place, 7}, "mm/memory.c:7"},
                     {{Kind::place, 8}, "mm/memory.c:8"},
                     {{Kind::message, 0}, "Bad page map in process %s {0}"},
                     {{Kind::function, 0}, "unmap_page_range"}};
  for (const auto& [event, fact] : facts) {
    run.begin();
    run.happens(1, event);
    BOOST_TEST(run.fact(id) == fact);
    BOOST_TEST(run.report().violation(id).cpu == 1);
  }
}

BOOST_AUTO_TEST_CASE(only_what_comes_first_is_told) {
  HandMadeRun run;
  run.world.texts = {{{Kind::place, 7}, "mm/memory.c:7"}, {{Kind::place, 8}, "mm/memory.c:8"}};
  run.happens(0, event::KernelWarns{.how = How::warns, .text = {Kind::place, 7}});
  run.happens(0, event::KernelWarns{.how = How::stops, .text = {Kind::place, 8}});
  run.end(Outcome::stopped);
  BOOST_TEST(run.fact(id) == "the kernel warns at mm/memory.c:7");
}

// A run that the kernel has ended is no deadlock, and nothing is asked of what it has left behind.
BOOST_AUTO_TEST_CASE(a_run_that_was_stopped_breaks_nothing_else) {
  HandMadeRun run;
  run.world.add_page(0, 0).facts.mapcount = 1;
  run.end(Outcome::stopped);
  BOOST_TEST(run.holds());
}

BOOST_AUTO_TEST_CASE(a_model_is_not_judged) {
  BOOST_TEST(!judged_with(sent_by_model).contains(id));
  BOOST_TEST(!askable_of(sent_by_model).contains(id));
  BOOST_TEST(askable_of(EventSet::all()).contains(id));
}

BOOST_AUTO_TEST_SUITE_END()
