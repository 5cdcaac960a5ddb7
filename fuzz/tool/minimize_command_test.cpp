// Minimising as users meet it: what is printed, where to, exit status, what is asked for wrongly.
#include "fuzz/tool/minimize_command.h"

#include <span>
#include <string>

#include <boost/test/unit_test.hpp>

#include "fuzz/tool/show_command.h"
#include "test/console.h"
#include "test/files.h"
#include "test/inputs.h"
#include "test/stories.h"
#include "test/trouble_engine.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

namespace {

Result minimize(const MinimizeOptions& options, std::span<const Engine* const> engines = all_engines()) {
  return result_of([&](Console& console) { return minimize_command(options, console, engines); });
}

struct FoundPrograms : TemporaryFolder {
  std::string lost = write("crash-lost", encoded(lost_write));
  std::string text = write("lost.program", std::string(lost_write) + "cpu 2: load page 1 word 1\n");
  std::string fine = write("fine.program", harmless);
};

std::string bucket_of(const std::string& file) {
  return result_of([&](Console& console) { return show_command({.files = {file}, .bucket = true}, console); }).out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(minimize_command, FoundPrograms)

BOOST_AUTO_TEST_CASE(what_is_left_is_printed_and_how_much_that_is_is_said) {
  const Result result = minimize({.files = {lost}});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.out == smallest_lost_write);
  BOOST_TEST(result.err.starts_with(lost + ": eager_dirty breaks lost-dirty-data: page N of file N is let go of "),
             result.err);
  BOOST_TEST(contains(result.err, "\n  4 operations and 1 exception -> 4 and 1, by "), result.err);
  const Result again = minimize({.files = {lost}});
  BOOST_TEST(again.out == result.out);
  BOOST_TEST(again.err == result.err);
}

BOOST_AUTO_TEST_CASE(it_is_in_the_same_bucket) {
  const std::string small = path("small.program");
  const Result result = minimize({.files = {text}, .to = small});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.out.empty());
  BOOST_TEST(read("small.program") == smallest_lost_write);
  BOOST_TEST(bucket_of(small) == bucket_of(text));
  const Result nowhere = minimize({.files = {text}, .to = path("no/where")});
  BOOST_TEST(nowhere.status == 2);
  BOOST_TEST(contains(nowhere.err, "no/where: cannot write: No such file or directory"), nowhere.err);
}

BOOST_AUTO_TEST_CASE(engines_and_oracles_say_what_counts) {
  const Result engine = minimize({.files = {lost}, .engines = {"deferred_dirty"}});
  BOOST_TEST(engine.status == 0);
  BOOST_TEST(contains(engine.err, ": deferred_dirty breaks "), engine.err);
  const Result oracle = minimize({.files = {lost}, .engines = {"eager_dirty"}, .oracles = "dirty-unmapped"});
  BOOST_TEST(contains(oracle.err, ": eager_dirty breaks dirty-unmapped: "), oracle.err);
  BOOST_TEST(contains(oracle.out, "\n\ncpu 0: store page 0 word 0\ncpu 1: dontneed page 0\n"), oracle.out);
  const Result holds = minimize({.files = {lost}, .engines = {"eager_dirty"}, .oracles = "progress"});
  BOOST_TEST(holds.status == 1);
  BOOST_TEST(holds.err ==
             "shootdown: " + lost + ": breaks nothing that counts on eager_dirty, so there is nothing to keep\n");
}

BOOST_AUTO_TEST_CASE(a_mistake_can_be_planted) {
  const std::string reads = write("reads.program", "shootdown 2\ncpu 0: load page 0 word 0\n");
  BOOST_TEST(minimize({.files = {reads}, .engines = {"delayed_rmap"}}).status == 1);
  const Result result = minimize({.files = {reads}, .engines = {"delayed_rmap"}, .defect = "rmap-not-removed"});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(contains(result.err, ": delayed_rmap breaks counts: "), result.err);
}

BOOST_AUTO_TEST_CASE(of_several_the_good_ones_are_printed) {
  const Result result = minimize({.files = {fine, lost, path("none"), text}});
  BOOST_TEST(result.status == 1);
  const std::string small(smallest_lost_write);
  BOOST_TEST(result.out == "# " + lost + "\n" + small + "# " + text + "\n" + small);
  BOOST_TEST(contains(result.err, "shootdown: " + fine + ": breaks nothing that counts on any engine"), result.err);
  BOOST_TEST(contains(result.err, "none: cannot open: "), result.err);
  BOOST_TEST(minimize({.files = {path("none"), lost}}).status == 2);
  const Result bad = minimize({.files = {write("bad.program", "shootdown 2\nfoo\n")}});
  BOOST_TEST(bad.status == 2);
  BOOST_TEST(contains(bad.err, "bad.program:2:1: "), bad.err);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_run_is_said) {
  const UnwillingEngine unwilling;
  const Engine* const refuses[] = {&unwilling};
  const Result refused = minimize({.files = {lost}}, refuses);
  BOOST_TEST(refused.status == 2);
  BOOST_TEST(refused.err == "shootdown: " + lost + ": unwilling cannot run it: there is something to do\n");
  const TroubleEngine trouble_engine;
  const Engine* const dies[] = {&trouble_engine};
  const std::string crash = write("dies", trouble(2));
  const Result died = minimize({.files = {crash}}, dies);
  BOOST_TEST(died.status == 1);
  BOOST_TEST(contains(died.err, "; that is a fault of Shootdown, not of an engine\n"), died.err);
}

BOOST_AUTO_TEST_SUITE_END()
