// The mutator of encoded programs: what it can reach, and that its changes are small where they should be.
#include "fuzz/language/mutator.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"
#include "test/bytes.h"

namespace shootdown {

BOOST_AUTO_TEST_SUITE(mutator)

namespace {

Bytes mutated(Bytes bytes, std::size_t max_size, std::uint64_t seed) {
  const std::size_t size = bytes.size();
  bytes.resize(std::max(size, max_size));
  bytes.resize(mutate(bytes.data(), size, max_size, seed));
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(everything_that_records_can_say_is_reached_from_nothing) {
  std::set<unsigned> kinds;
  std::set<unsigned> numbers;
  std::set<unsigned> latencies;
  std::set<unsigned> steps;
  Bytes bytes;
  // So many that chance has no say in whether everything is reached.
  for (std::uint64_t seed = 0; seed < 40000; ++seed) {
    bytes = mutated(seed % 50 == 0 ? Bytes() : bytes, 400, seed);
    for (std::size_t at = 0; at < bytes.size(); at += record_size) {
      kinds.insert(bytes[at]);
      if (parameter_kinds.contains(bytes[at])) numbers.insert(bytes[at + 1]);
    }
    const Program program = decoded(bytes);
    for (std::size_t i = 0; i < program.exception_count; ++i) {
      latencies.insert(program.exceptions[i].latency);
      steps.insert(program.exceptions[i].after);
    }
  }
  BOOST_TEST(kinds.size() == 256U);
  BOOST_TEST(numbers.size() > 100U);
  BOOST_TEST(latencies.size() == static_cast<std::size_t>(max_latency) + 1);
  for (unsigned after = 0; after <= 2 * max_near_after; ++after) BOOST_TEST(steps.contains(after), after);
  BOOST_TEST(*steps.rbegin() > 1000U);
}

// What needs a mark comes with it, and is not lost at once.
BOOST_AUTO_TEST_CASE(what_is_marked_is_made) {
  std::set<Call> calls;
  std::set<int> targets;
  Bytes bytes(400);
  std::size_t size = 0;
  for (std::uint64_t seed = 0; seed < 60000; ++seed) {
    size = mutate(bytes.data(), seed % 50 == 0 ? 0 : size, bytes.size(), seed);
    const Program program = decoded({bytes.begin(), bytes.begin() + static_cast<long>(size)});
    for (const Operation& operation : operations_of(program)) {
      if (info_of(operation.call).marked) calls.insert(operation.call);
      if (operation.call == Call::mremap) targets.insert(operation.operands[0].to);
    }
  }
  const auto marked = std::ranges::count_if(operation_table, &OperationInfo::marked);
  BOOST_TEST(calls.size() == static_cast<std::size_t>(marked));
  // Most machines have two pages.
  BOOST_TEST(targets.size() > 10);
}

BOOST_AUTO_TEST_CASE(equal_seeds_make_equal_mutations_of_whole_records) {
  std::mt19937 random(1);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Bytes bytes = random_bytes(random, below(random, 200));
    const std::size_t max_size = bytes.size() + below(random, 20);
    const Bytes result = mutated(bytes, max_size, seed);
    BOOST_REQUIRE(result == mutated(bytes, max_size, seed));
    BOOST_REQUIRE_LE(result.size(), max_size);
    BOOST_REQUIRE(result.size() % record_size == 0 || max_size < record_size);
  }
}

// A preemption can move by a step at a time, near and far: that is how a race is hit that was almost.
BOOST_AUTO_TEST_CASE(an_exception_moves_by_a_step) {
  for (const unsigned after : {0U, 1U, 32U, 33U, 96U, 97U, 400U, 5000U}) {
    Program program;
    program.operation_count = 4;  // shorter ones grow first
    program.exception_count = 1;
    program.operations[3].exception_count = 1;
    program.exceptions[0] = {.cpu = 1, .after = static_cast<std::uint16_t>(after)};
    const Bytes bytes = encode(program);
    std::set<int> distances;
    for (std::uint64_t seed = 0; seed < 50000 && !(distances.contains(1) && distances.contains(-1)); ++seed) {
      Program result = decoded(mutated(bytes, 100, seed));
      if (result.exception_count != 1) continue;
      const int distance = result.exceptions[0].after - static_cast<int>(after);
      result.exceptions[0].after = static_cast<std::uint16_t>(after);
      if (result == program) distances.insert(distance);
    }
    BOOST_TEST_CONTEXT(after) {
      BOOST_TEST(distances.contains(1));
      BOOST_TEST((after == 0 || distances.contains(-1)));
    }
  }
}

// Each kind of operand stays within its arguments, and takes other values in all of them.
BOOST_AUTO_TEST_CASE(operands_change_alone) {
  SplitMix64 random(1);
  const MachineConfig machine{.cpus = 4, .mms = 4, .pages = 16, .words = 4};
  for (const OperandKind kind : {OperandKind::virtual_page, OperandKind::virtual_range, OperandKind::virtual_move,
                                 OperandKind::word, OperandKind::file_page, OperandKind::file_range, OperandKind::mm}) {
    const OperandForm& form = form_of(kind);
    std::set<int> values;
    std::set<int> counts;
    std::set<int> targets;
    ArgumentBytes arguments{};
    for (int round = 0; round < 5000; ++round) {
      form.mutate(arguments.data(), random);
      for (std::size_t i = form.arguments(); i < arguments.size(); ++i) BOOST_REQUIRE_EQUAL(arguments[i], 0);
      const Operand operand = form.decode(arguments.data(), machine);
      values.insert(operand.value);
      counts.insert(operand.count);
      targets.insert(operand.to);
      ArgumentBytes again{};
      form.encode(operand, machine, again.data());
      BOOST_REQUIRE(form.decode(again.data(), machine) == operand);
    }
    const std::size_t all = kind == OperandKind::word ? 4 : kind == OperandKind::mm ? 3 : 16;
    const bool range = kind == OperandKind::virtual_range || kind == OperandKind::file_range;
    BOOST_TEST(values.size() == all);
    // No more than half of the pages can be moved.
    const bool move = kind == OperandKind::virtual_move;
    BOOST_TEST(counts.size() == (range ? 16U : move ? 8U : 1U));
    BOOST_TEST(targets.size() == (move ? 16U : 1U));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
