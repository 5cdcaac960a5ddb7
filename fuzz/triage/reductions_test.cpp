// What reductions leave of programs, and that each makes them smaller.
#include "fuzz/triage/reductions.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/sched/random.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(reductions)

namespace {

// In the order of all_removals().
enum Row : std::size_t { operations, exceptions, cpus, mms, windows, files, pages, words };

std::string without(std::string_view text, Row row, int first, int length = 1) {
  const Program program = input_of(text).document.program;
  const Removal& removal = all_removals()[row];
  BOOST_TEST(first + length <= removal.count(program) + 1);
  return print(removal.without(program, first, length));
}

// As the header says it: the first that differs counts.
auto size_of(const Program& program) {
  const MachineConfig& machine = program.machine;
  const MachineConfig usual;
  int unusual = 0;
  int parameters = 0;
  for (const ParameterInfo& parameter : parameter_table) {
    if (machine.*parameter.field == usual.*parameter.field) continue;
    ++unusual;
    parameters += machine.*parameter.field;
  }
  int counts = 0;
  int numbers = parameters;
  for (std::size_t i = 0; i < program.operation_count; ++i) {
    const Operation& operation = program.operations[i];
    numbers += static_cast<int>(operation.call) + operation.cpu;
    for (const Operand& operand : operation.operands) {
      counts += operand.count;
      numbers += operand.value + operand.to;
    }
  }
  for (const Exception& exception : exceptions_of(program))
    numbers += exception.cpu + exception.latency + exception.after + exception.visit + exception.page;
  const int sizes = machine.cpus + machine.mms + machine.files + machine.windows + machine.pages + machine.words;
  return std::tuple(int{program.operation_count}, int{program.exception_count}, sizes, unusual, counts, numbers);
}

}  // namespace

BOOST_AUTO_TEST_CASE(exceptions_go_with_their_operation) {
  constexpr std::string_view text =
      "shootdown 2\n"
      "cpu 0: load page 0 word 0\n"
      "  after 1 step suspend\n"
      "cpu 1: load page 1 word 0\n"
      "  after 2 steps suspend\n"
      "  after 3 steps suspend\n"
      "cpu 2: exit\n";
  BOOST_TEST(without(text, operations, 0, 2) == "shootdown 2\n\ncpu 2: exit\n");
  BOOST_TEST(without(text, operations, 1) ==
             "shootdown 2\n\ncpu 0: load page 0 word 0\n  after 1 step suspend\ncpu 2: exit\n");
  BOOST_TEST(without(text, exceptions, 0, 2) ==
             "shootdown 2\n\ncpu 0: load page 0 word 0\ncpu 1: load page 1 word 0\n  after 3 steps suspend\n"
             "cpu 2: exit\n");
}

BOOST_AUTO_TEST_CASE(a_cpu_goes_with_all_that_is_about_it) {
  constexpr std::string_view text =
      "shootdown 2\n"
      "machine cpus 4\n"
      "cpu 0: load page 0 word 0\n"
      "  after 1 step switch to cpu 1\n"
      "  after 2 steps switch to cpu 3\n"
      "  after 3 steps evict page 0 from cpu 1\n"
      "  after 4 steps go on\n"
      "cpu 1: load page 1 word 0\n"
      "cpu 3: exit\n";
  BOOST_TEST(without(text, cpus, 1) ==
             "shootdown 2\n\n"
             "cpu 0: load page 0 word 0\n"
             "  after 2 steps switch to cpu 2\n"
             "  after 4 steps go on\n"
             "cpu 2: exit\n");
  const std::vector<Program> merged = with_cpu_merged(input_of(text).document.program, 1);
  BOOST_TEST(merged.size() == 3U);
  BOOST_TEST(print(merged[0]) ==
             "shootdown 2\n\n"
             "cpu 0: load page 0 word 0\n"
             "  after 1 step suspend\n"
             "  after 2 steps switch to cpu 2\n"
             "  after 3 steps evict page 0 from cpu 0\n"
             "  after 4 steps go on\n"
             "cpu 0: load page 1 word 0\n"
             "cpu 2: exit\n");
}

BOOST_AUTO_TEST_CASE(what_is_behind_a_page_moves_up) {
  constexpr std::string_view text =
      "shootdown 2\n"
      "machine files 2, windows 2, pages 4\n"
      "cpu 0: load page 5 word 1\n"
      "  after clear entry of page 3 evict page 7 from cpu 1\n"
      "cpu 0: dontneed pages 1-3\n"
      "cpu 0: fsync pages 2-3 of file 1\n"
      "cpu 0: mremap pages 0-1 to page 6\n";
  BOOST_TEST(without(text, pages, 1) ==
             "shootdown 2\n"
             "machine files 2, windows 2, pages 3\n\n"
             "cpu 0: load page 4 word 1\n"
             "  after clear entry of page 2 evict page 5 from cpu 1\n"
             "cpu 0: dontneed pages 1-2\n"
             "cpu 0: fsync pages 1-2 of file 1\n"
             "cpu 0: mremap pages 0-1 to page 4\n");
  BOOST_TEST(without("shootdown 2\nmachine pages 9\ncpu 0: touch pages 0-8\n", pages, 2, 5) ==
             "shootdown 2\nmachine pages 4\n\ncpu 0: touch pages 0-3\n");
}

BOOST_AUTO_TEST_CASE(what_was_in_a_part_that_goes_is_in_what_is_left) {
  constexpr std::string_view text =
      "shootdown 2\n"
      "machine files 2, windows 2, mms 3\n"
      "cpu 0: store page 3 word 1\n"
      "cpu 0: read page 1 of file 1\n"
      "cpu 0: fork mm 2\n";
  BOOST_TEST(without(text, files, 1) ==
             "shootdown 2\nmachine mms 3, windows 2\n\n"
             "cpu 0: store page 3 word 1\ncpu 0: read page 1\ncpu 0: fork mm 2\n");
  BOOST_TEST(without(text, words, 0) ==
             "shootdown 2\nmachine mms 3, files 2, windows 2, words 1\n\n"
             "cpu 0: store page 3 word 0\ncpu 0: read page 1 of file 1\ncpu 0: fork mm 2\n");
  BOOST_TEST(without(text, mms, 1) ==
             "shootdown 2\nmachine mms 2, files 2, windows 2\n\n"
             "cpu 0: store page 3 word 1\ncpu 0: read page 1 of file 1\ncpu 0: fork mm 1\n");
  BOOST_TEST(without("shootdown 2\nmachine windows 2\ncpu 0: store page 3 word 1\n", windows, 0) ==
             "shootdown 2\n\ncpu 0: store page 1 word 1\n");
}

// So whoever makes one after the other comes to an end.
BOOST_AUTO_TEST_CASE(each_makes_a_program_smaller) {
  SplitMix64 random(1);
  const auto program = std::make_unique<Program>();
  std::size_t tried = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<std::uint8_t> bytes(random.below(80));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
    decode(bytes, *program);
    const auto before = size_of(*program);
    for (const Removal& removal : all_removals()) {
      for (int first = 0; first < removal.count(*program); ++first, ++tried)
        BOOST_TEST((size_of(removal.without(*program, first, 1)) < before), print(*program));
    }
    for (const Simplification& simplification : all_simplifications()) {
      for (int number = 0; number < simplification.count(*program); ++number) {
        for (const Program& simpler : simplification.simpler(*program, number)) {
          ++tried;
          BOOST_TEST((size_of(simpler) < before), print(*program) << print(simpler));
        }
      }
    }
    // Large machines have many pages.
    if (program->machine.pages > 16) break;
  }
  BOOST_TEST(tried > 1000U);
}

BOOST_AUTO_TEST_CASE(what_is_simpler_is_tried_first) {
  const auto simpler = [](std::string_view text, std::size_t which, int number) {
    std::vector<std::string> texts;
    for (const Program& program : all_simplifications()[which].simpler(input_of(text).document.program, number))
      texts.push_back(print(program));
    return texts;
  };
  constexpr std::size_t of_parameters = 1;
  constexpr std::size_t of_operations = 2;
  constexpr std::size_t of_exceptions = 3;
  const auto disk = static_cast<int>(std::ranges::find(parameter_table, &MachineConfig::disk, &ParameterInfo::field) -
                                     parameter_table.begin());
  BOOST_TEST(simpler("shootdown 2\nmachine disk 9\n", of_parameters, disk).front() == "shootdown 2\n");
  BOOST_TEST(simpler("shootdown 2\n", of_parameters, disk).empty());
  BOOST_TEST(simpler("shootdown 2\ncpu 0: touch page 0\n", of_operations, 0) ==
             std::vector<std::string>{"shootdown 2\n\ncpu 0: store page 0 word 0\n"});
  const std::vector<std::string> ranges =
      simpler("shootdown 2\nmachine pages 4\ncpu 0: dontneed pages 0-2\n", of_operations, 0);
  BOOST_TEST(ranges.front() == "shootdown 2\nmachine pages 4\n\ncpu 0: dontneed page 0\n");
  BOOST_TEST(ranges[1] == "shootdown 2\nmachine pages 4\n\ncpu 0: dontneed page 2\n");
  const std::vector<std::string> places =
      simpler("shootdown 2\ncpu 0: exit\n  after 9 steps switch to cpu 1\n", of_exceptions, 0);
  BOOST_TEST(places == (std::vector<std::string>{"shootdown 2\n\ncpu 0: exit\n  after 0 steps switch to cpu 1\n",
                                                 "shootdown 2\n\ncpu 0: exit\n  after 4 steps switch to cpu 1\n",
                                                 "shootdown 2\n\ncpu 0: exit\n  after 8 steps switch to cpu 1\n"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
