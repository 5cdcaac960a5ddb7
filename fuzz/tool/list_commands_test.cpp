// What there is, on engines of which not everything can be judged. What the real ones look like is tested in
// command_line_test.cpp.
#include "fuzz/tool/list_commands.h"

#include <boost/test/unit_test.hpp>

#include "test/console.h"
#include "test/output.h"
#include "test/silent_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(list_commands)

BOOST_AUTO_TEST_CASE(what_is_not_judged_is_said_of_engines_and_of_oracles) {
  const SilentEngine silent(eager_dirty(), kind_of<event::PutPage>);
  const Engine* const engines[] = {find_engine("eager_dirty"), &silent};
  const Result listed = result_of([&](Console& console) { return engines_command(console, engines); });
  BOOST_TEST(contains(listed.out, "silent\n  for tests\n  claims every guarantee\n  not judged: lost-dirty-data"),
             listed.out);
  BOOST_TEST(contains(listed.out, "\n    of what is lost\nsilent\n"), listed.out);

  const Result oracles = result_of([&](Console& console) { return oracles_command(console, engines); });
  BOOST_TEST(contains(oracles.out, "than the disk; not judged on silent\n"), oracles.out);
  BOOST_TEST(contains(oracles.out, "no deadlock, no livelock\n"), oracles.out);
}

BOOST_AUTO_TEST_SUITE_END()
