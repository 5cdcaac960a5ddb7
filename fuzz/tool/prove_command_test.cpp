// The search for all schedules as users meet it: verdicts, exit status, what is asked for wrongly.
#include "fuzz/tool/prove_command.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "test/console.h"
#include "test/files.h"

using namespace shootdown;

namespace {

struct Programs : TemporaryFolder {
  std::string losing = write("losing.program",
                             "shootdown 2\n"
                             "machine cpus 2, pages 1, words 1\n"
                             "cpu 0: store page 0 word 0\n"
                             "cpu 1: dontneed page 0\n"
                             "cpu 0: fsync page 0\n"
                             "cpu 0: store page 0 word 0\n");
  std::string alone = write("alone.program", "shootdown 2\nmachine cpus 1\ncpu 0: store page 0 word 0\n");
};

Result prove(const ProveOptions& options) {
  return result_of([&](Console& console) { return prove_command(options, console); });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(prove_command, Programs)

BOOST_AUTO_TEST_CASE(what_breaks_is_printed_as_a_program) {
  const Result result = prove({.files = {losing}, .engines = {"eager_dirty"}, .oracles = "lost-dirty-data"});
  BOOST_TEST(result.status == exit_violation);
  BOOST_TEST(contains(result.out, losing + ": eager_dirty breaks lost-dirty-data with 1 exception, none with fewer"));
  BOOST_TEST(contains(result.out, "\nshootdown 2\n"));
  BOOST_TEST(contains(result.out, " steps switch to cpu 0\n"));
  const Result quiet =
      prove({.files = {losing}, .engines = {"eager_dirty"}, .oracles = "lost-dirty-data", .quiet = true});
  BOOST_TEST(!contains(quiet.out, "shootdown 2"));
}

BOOST_AUTO_TEST_CASE(what_holds_says_for_which_schedules) {
  const Result every = prove({.files = {alone}, .engines = {"delayed_rmap"}});
  BOOST_TEST(every.status == exit_fine);
  BOOST_TEST(contains(every.out, "delayed_rmap holds for every schedule (preemptions, late interrupts: "));
  const Result some = prove({.files = {losing}, .engines = {"delayed_rmap"}, .may = "preempt", .exceptions = 1});
  BOOST_TEST(some.status == exit_fine);
  BOOST_TEST(contains(some.out, "delayed_rmap holds with up to 1 exception (preemptions: "));
}

BOOST_AUTO_TEST_CASE(it_goes_on_with_what_is_not_broken) {
  const ProveOptions some{.files = {losing},
                          .engines = {"eager_dirty"},
                          .oracles = "dirty-unmapped,lost-dirty-data,batch",
                          .may = "preempt",
                          .exceptions = 1,
                          .quiet = true};
  BOOST_TEST(!contains(prove(some).out, "otherwise"));
  ProveOptions all = some;
  all.all = true;
  const Result result = prove(all);
  BOOST_TEST(result.status == exit_violation);
  BOOST_TEST(contains(result.out, "eager_dirty breaks dirty-unmapped with 0 exceptions ("));
  BOOST_TEST(contains(result.out, "eager_dirty otherwise breaks lost-dirty-data with 1 exception, none with fewer ("));
  BOOST_TEST(contains(result.out, "eager_dirty otherwise holds with up to 1 exception ("));
}

BOOST_AUTO_TEST_CASE(what_makes_it_fast_does_not_change_what_it_says) {
  ProveOptions options{.files = {alone}, .engines = {"delayed_rmap"}, .may = "preempt", .quiet = true};
  const std::string fast = prove(options).out;
  BOOST_TEST(contains(fast, "delayed_rmap holds for every schedule"));
  options.without = "merging,forgetting,snapshots";
  BOOST_TEST(prove(options).out == fast);
  options.without = "luck";
  BOOST_TEST(contains(prove(options).err, "--without: there is no 'luck'; expected some of: merging,"));
}

BOOST_AUTO_TEST_CASE(what_is_not_decided_says_why) {
  const Result full = prove({.files = {losing}, .engines = {"delayed_rmap"}, .memory = 0});
  BOOST_TEST(full.status == exit_undecided);
  BOOST_TEST(contains(full.out, "is not decided: nothing is known yet, memory ran out"));
  const Result late = prove({.files = {losing}, .engines = {"delayed_rmap"}, .seconds = 0});
  BOOST_TEST(late.status == exit_undecided);
  BOOST_TEST(contains(late.out, "is not decided: nothing is known yet, time ran out"));
}

BOOST_AUTO_TEST_CASE(without_a_name_it_is_every_engine_of_the_model) {
  const Result result = prove({.files = {alone}});
  BOOST_TEST(result.status == exit_fine);
  for (const Engine* const engine : model_engines())
    BOOST_TEST(contains(result.out, std::string(engine->name()) + " holds"));
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_wrongly_is_said) {
  const Result kinds = prove({.files = {alone}, .may = "preempt,sleep"});
  BOOST_TEST(kinds.status == exit_bad_input);
  BOOST_TEST(contains(kinds.err, "--may: there is no 'sleep'; expected some of: preempt, late, evict, fill, fail"));
  BOOST_TEST(prove({.files = {alone}, .may = ""}).status == exit_bad_input);
  BOOST_TEST(contains(prove({.files = {alone}, .engines = {"nobody"}}).err, "--engine: there is no engine 'nobody'"));
  BOOST_TEST(contains(prove({.files = {alone}, .oracles = "luck"}).err, "--oracles: there is no oracle 'luck'"));
  BOOST_TEST(contains(prove({.files = {alone}, .defect = "none"}).err, "--defect: there is no defect 'none'"));
  const Result missing = prove({.files = {path("missing"), alone}, .engines = {"delayed_rmap"}});
  BOOST_TEST(missing.status == exit_bad_input);
  BOOST_TEST(contains(missing.err, "missing: cannot open"));
  BOOST_TEST(contains(missing.out, "holds"));  // the other one all the same
  std::string full = "shootdown 2\n";
  for (int i = 0; i < 128; ++i) full += "cpu 0: load page 0 word 0\n";
  BOOST_TEST(contains(prove({.files = {write("full.program", full)}}).err, "no room in a program for the ends"));
}

BOOST_AUTO_TEST_SUITE_END()
