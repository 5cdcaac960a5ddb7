// The search for all schedules as users meet it: verdicts, exit status, what is asked for wrongly.
#include "fuzz/tool/prove_command.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "fuzz/triage/child.h"
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
  // All but what may be missed.
  const auto said = [&] {
    const std::string out = prove(options).out;
    return out.substr(0, out.find(", omission"));
  };
  const std::string fast = said();
  BOOST_TEST(contains(fast, "delayed_rmap holds for every schedule"));
  for (const char* const without : {"merging,forgetting,snapshots", "foresight"}) {
    options.without = without;
    BOOST_TEST(said() == fast);
  }
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

// Whoever gives the same command again goes on, with more time or more memory.
BOOST_AUTO_TEST_CASE(what_is_stopped_is_kept_and_gone_on_with) {
  const ProveOptions whole{
      .files = {losing}, .engines = {"delayed_rmap"}, .may = "preempt", .exceptions = Simulation::can_save ? 3 : 1};
  ProveOptions options = whole;
  options.checkpoint = path("kept");
  options.seconds = 0;
  BOOST_TEST(prove(options).status == exit_undecided);
  BOOST_TEST(!read("kept").empty());
  options.seconds = whole.seconds;
  options.memory = 0;
  const Result full = prove(options);
  BOOST_TEST(full.status == exit_undecided);
  BOOST_TEST(contains(full.out, "memory ran out"));
  // What is there is of another search.
  options.memory = whole.memory;
  options.may = "preempt,late";
  const Result other = prove(options);
  BOOST_TEST(other.status == exit_bad_input);
  BOOST_TEST(contains(other.err, path("kept") + ": cannot go on from there: it is another search: may preempt,"));
  options.may = whole.may;
  const Result rest = prove(options);
  BOOST_TEST(rest.status == exit_fine);
  BOOST_TEST(rest.out == prove(whole).out);
  // It is of no use any more.
  BOOST_TEST(!std::filesystem::exists(path("kept")));
  options.seconds = 0;
  options.checkpoint = path("missing/kept");
  const Result nowhere = prove(options);
  BOOST_TEST(nowhere.status == exit_bad_input);
  BOOST_TEST(contains(nowhere.err, "missing/kept: cannot write: "));
  options.files.push_back(alone);
  BOOST_TEST(contains(prove(options).err, "--checkpoint: is of one search, of one FILE on one --engine"));
}

// In a process of its own, for in the end the signal comes to whom it was sent.
BOOST_AUTO_TEST_CASE(who_is_interrupted_keeps_what_there_is) {
  const ProveOptions options{.files = {losing}, .engines = {"delayed_rmap"}, .jobs = 1, .checkpoint = path("kept")};
  const std::string out = path("out");
  const pid_t child = ::fork();
  if (child == 0) {
    const HeldSignals signals;
    ::raise(SIGTERM);
    std::FILE* const file = std::fopen(out.c_str(), "w");
    Console console(file, file);
    const ExitStatus status = shootdown::prove_command(options, console);
    std::fclose(file);
    std::_Exit(status == exit_undecided ? 42 : 1);
  }
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 42));
  BOOST_TEST(contains(read("out"), "is not decided: nothing is known yet, interrupted"));
  BOOST_TEST(!read("kept").empty());
}

// Whoever is killed keeps nothing more.
BOOST_AUTO_TEST_CASE(what_goes_on_is_kept_now_and_then) {
  // With sanitizers one that is long enough is too long.
  if (!Simulation::can_save) return;
  const ProveOptions whole{
      .files = {losing}, .engines = {"delayed_rmap"}, .may = "preempt", .exceptions = 4, .jobs = 1};
  ProveOptions options = whole;
  options.checkpoint = path("kept");
  options.checkpoint_every = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    prove(options);
    std::_Exit(0);
  }
  int status = 0;
  bool is_kept = false;
  while (!is_kept && ::waitpid(child, &status, WNOHANG) == 0) is_kept = std::filesystem::exists(path("kept"));
  BOOST_TEST(is_kept);
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  options.seconds = 0;
  const Result kept = prove(options);
  BOOST_TEST(kept.status == exit_undecided);
  options.seconds = whole.seconds;
  BOOST_TEST(prove(options).out == prove(whole).out);
}

// What nobody has been told is not thrown away, and what is left to be done is kept.
BOOST_AUTO_TEST_CASE(what_cannot_be_printed_is_kept) {
  ProveOptions options{.files = {losing}, .engines = {"delayed_rmap"}, .may = "preempt", .exceptions = 1};
  options.checkpoint = path("kept");
  for (const double seconds : {0.0, ProveOptions().seconds}) {
    options.seconds = seconds;
    const File full(std::fopen("/dev/full", "w"));
    const File err(std::tmpfile());
    BOOST_REQUIRE(full != nullptr && err != nullptr);
    Console console(full.get(), err.get());
    shootdown::prove_command(options, console);
    BOOST_TEST(console.out().error() != 0);
    BOOST_TEST(std::filesystem::exists(path("kept")));
  }
  BOOST_TEST(prove(options).status == exit_fine);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_kept_is_not_begun) {
  const Result result = prove({.files = {losing},
                               .engines = {"delayed_rmap"},
                               .may = "preempt",
                               .exceptions = 3,
                               .jobs = 1,
                               .checkpoint = path("missing/kept"),
                               .checkpoint_every = 0});
  BOOST_TEST(result.status == exit_bad_input);
  BOOST_TEST(contains(result.err, "missing/kept: cannot write: "));
  BOOST_TEST(result.out == "");
}

BOOST_AUTO_TEST_CASE(however_many_are_at_work_it_says_the_same) {
  ProveOptions options{
      .files = {losing}, .engines = {"eager_dirty"}, .oracles = "lost-dirty-data", .may = "preempt", .jobs = 1};
  const Result one = prove(options);
  BOOST_TEST(one.status == exit_violation);
  options.jobs = 2;
  BOOST_TEST(prove(options).out == one.out);
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
