// Schedules that runs take, of texts that say more than that, and on engines that cannot run everything. What is
// recorded is tested in command_line_test.cpp.
#include "fuzz/tool/record_command.h"

#include <span>
#include <string>

#include <boost/test/unit_test.hpp>

#include "test/console.h"
#include "test/files.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

namespace {

Result record(const RecordOptions& options, std::span<const Engine* const> engines = all_engines()) {
  return result_of([&](Console& console) { return record_command(options, console, engines); });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(record_command, TemporaryFolder)

BOOST_AUTO_TEST_CASE(expectations_are_kept) {
  const std::string expected =
      "expect linux-none.such breaks page-cache-contents, fsync-durability\n"
      "expect eager_dirty holds\n";
  const std::string file =
      write("pct.program", "shootdown 2\nmachine pct_depth 2\n" + expected + "cpu 0: load page 0 word 0\n");
  const Result result = record({.files = {file}});
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.out.starts_with("shootdown 2\n" + expected + "\ncpu 0: load page 0 word 0\n"), result.out);
}

BOOST_AUTO_TEST_CASE(what_the_engine_refuses_is_said_and_the_rest_is_recorded) {
  const UnwillingEngine unwilling;
  const Engine* const engines[] = {&unwilling};
  const std::string something = write("a.program", "shootdown 2\nmachine pct_depth 2\ncpu 0: load page 0 word 0\n");
  const std::string nothing = write("b.program", "shootdown 2\n");
  for (const bool events : {false, true}) {
    const Result result = record({.files = {something, nothing}, .engine = "unwilling", .events = events}, engines);
    BOOST_TEST(result.status == 2);
    BOOST_TEST(result.err == "shootdown: " + something + ": unwilling cannot run it: there is something to do\n");
    BOOST_TEST(result.out == "# " + nothing + "\nshootdown 2\n");
  }
}

BOOST_AUTO_TEST_CASE(an_engine_must_be_there) {
  const Result result = record({.files = {"none"}, .engine = "linux-none.such"});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(result.err.starts_with("shootdown: there is no engine 'linux-none.such'; there are: eager_dirty, "),
             result.err);
}

BOOST_AUTO_TEST_SUITE_END()
