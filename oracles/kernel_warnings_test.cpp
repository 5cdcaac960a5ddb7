#include "oracles/kernel_warnings.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>

#include "engine/kernel/bug.h"
#include "engine/zap/engines.h"
#include "test/hand_made_run.h"
#include "test/programs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(kernel_warnings)

namespace {

constexpr OracleId id = OracleId::kernel_warnings;
using How = event::KernelWarns::How;
using Kind = TextFact::Kind;

// What is said of a program's run on the model; empty: nothing.
std::string said_of(const ProgramBuilder& program, Defect defect, Outcome outcome) {
  TestBench bench(*find_engine("delayed_rmap"));
  BOOST_TEST((bench.plant(defect).run(program) == outcome));
  return bench.breaks(id) ? std::string(bench.report().violation(id).fact()) : "";
}

// A device has a page to itself when its address space is forked; both have it then.
ProgramBuilder forked_with_a_device() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::mms, 2).operation(0, Call::mmap_anonymous, 0, 1).operation(0, Call::store, 0, 0);
  builder.operation(0, Call::exclusive, 0, 0).operation(0, Call::fork, 1);
  return builder.operation(0, Call::load, 0, 0).operation(1, Call::load, 0, 0);
}

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

// Without a reference of its own the entry that is made present first is as that of the only one who has the page.
BOOST_AUTO_TEST_CASE(fires_on_a_model_that_cannot_go_on_and_on_no_other) {
  BOOST_TEST(said_of(forked_with_a_device(), Defect::none, Outcome::completed).empty());
  BOOST_TEST(said_of(forked_with_a_device(), Defect::exclusive_entry_forked, Outcome::stopped) ==
             "the kernel stops at VM_BUG_ON_PAGE in page_add_anon_rmap: the page is exclusive, and mapped elsewhere");
}

// A page leaves its file though it is dirty.
BOOST_AUTO_TEST_CASE(fires_on_a_model_that_goes_on_and_on_no_other) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::buffers, 0).operation(0, Call::store, 0, 0).operation(1, Call::invalidate, 0, 1);
  BOOST_TEST(said_of(builder, Defect::none, Outcome::completed).empty());
  BOOST_TEST(said_of(builder, Defect::dirty_page_removed, Outcome::completed) ==
             "the kernel warns at WARN_ON_ONCE in filemap_unaccount_folio: the folio is dirty");
}

// What it says then is no reason to stop.
BOOST_AUTO_TEST_CASE(fires_on_a_model_for_a_bad_page_and_for_no_other) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::fsync, 0, 1).operation(1, Call::invalidate, 0, 1);
  BOOST_TEST(said_of(builder, Defect::none, Outcome::completed).empty());
  BOOST_TEST(said_of(builder, Defect::rmap_not_removed, Outcome::completed) == "the kernel says: BUG: Bad page state");
}

BOOST_AUTO_TEST_CASE(words_of_assertions_are_found_again) {
  const TextFact fact = Assertion("VM_BUG_ON_FOLIO in folio_unlock: the folio is not locked").fact();
  BOOST_TEST((fact.kind == Kind::place));
  BOOST_TEST(kernel_texts[fact.number] == "VM_BUG_ON_FOLIO in folio_unlock: the folio is not locked");
}

BOOST_AUTO_TEST_SUITE_END()
