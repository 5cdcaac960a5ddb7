#include "fuzz/triage/shrink.h"

#include <string_view>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/replay.h"

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
  BOOST_TEST(print(shrunk(large, loses_data)) ==
             "shootdown 2\n"
             "\n"
             "cpu 0: store page 0 word 0\n"
             "cpu 1: dontneed page 0\n"
             "  after remove rmap of page 0 switch to cpu 2\n"
             "cpu 2: fsync page 0\n"
             "cpu 0: store page 0 word 0\n");
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
  BOOST_TEST((shrunk(program, runs_on_cpu_7) == program));
}

BOOST_AUTO_TEST_SUITE_END()
