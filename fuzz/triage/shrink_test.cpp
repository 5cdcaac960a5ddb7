#include "fuzz/triage/shrink.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/replay.h"
#include "test/stories.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(shrink)

namespace {

Program program_of(std::string_view text) {
  return std::get<Document>(parse(text)).program;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_not_needed_goes) {
  const Program large = program_of(
      "shootdown 2\n"
      "machine pages 8, words 1, resched 3\n"
      "cpu 2: load page 3 word 0\n"
      "cpu 0: store page 0 word 0\n"
      "cpu 1: dontneed pages 0-7\n"
      "  after remove rmap of page 0 switch to cpu 2\n"
      "  after 3 steps evict page 3 from cpu 2\n"
      "cpu 2: fsync pages 0-1\n"
      "cpu 0: store page 0 word 0\n"
      "cpu 1: exit\n");
  Replayer replayer(eager_dirty());
  const auto loses_data = [&](const Program& program) {
    return replayer.run(program).broken.contains(OracleId::lost_dirty_data);
  };
  BOOST_TEST(print(shrunk(large, loses_data)) == smallest_lost_write);
}

// Of many at once, too.
BOOST_AUTO_TEST_CASE(it_takes_few_tries_to_leave_out_much) {
  std::string text = "shootdown 2\n";
  for (int i = 0; i < 100; ++i) text += i == 70 ? "cpu 1: exit\n" : "cpu 0: load page 1 word 1\n";
  int tries = 0;
  const auto exits = [&](const Program& program) {
    ++tries;
    const auto operations = operations_of(program);
    return std::ranges::find(operations, Call::exit, &Operation::call) != operations.end();
  };
  BOOST_TEST(print(shrunk(program_of(text), exits)) ==
             "shootdown 2\nmachine cpus 1, pages 1, words 1\n\ncpu 0: exit\n");
  BOOST_TEST(tries < 50);
}

BOOST_AUTO_TEST_CASE(a_program_of_which_all_is_needed_stays) {
  const Program program = program_of("shootdown 2\nmachine cpus 2\ncpu 0: store page 0 word 0\ncpu 1: exit\n");
  const auto is_the_same = [&](const Program& other) { return other == program; };
  BOOST_TEST((shrunk(program, is_the_same) == program));
}

// The other CPUs' operations need those CPUs.
BOOST_AUTO_TEST_CASE(only_programs_that_a_text_can_say_are_tried) {
  const Program program = program_of("shootdown 2\nmachine cpus 8\ncpu 7: store page 0 word 0\n");
  const auto runs_on_cpu_7 = [](const Program& other) {
    return other.operation_count == 1 && other.operations[0].cpu == 7;
  };
  BOOST_TEST(print(shrunk(program, runs_on_cpu_7)) ==
             "shootdown 2\nmachine cpus 8, pages 1, words 1\n\ncpu 7: store page 0 word 0\n");
}

BOOST_AUTO_TEST_SUITE_END()
