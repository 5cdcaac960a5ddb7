// Arrangements: that they are programs, what they keep of the original, and what they draw.
#include "fuzz/language/arrangement.h"

#include <algorithm>
#include <set>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/codec.h"
#include "fuzz/language/language.h"
#include "test/bytes.h"
#include "test/programs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(arrangement)

namespace {

constexpr std::uint64_t tries = 2000;

// On a machine of three CPUs and two pages.
Bytes original() {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 1, 1).operation(1, Call::dontneed, 0, 2).switch_to(2, 5);
  builder.operation(2, Call::fsync, 0, 1).operation(0, Call::load, 1, 1);
  return encode(builder.program());
}

// Of the same machine.
Bytes other() {
  ProgramBuilder builder;
  builder.operation(1, Call::reclaim, 0, 1).operation(1, Call::read, 0);
  return encode(builder.program());
}

Program arranged(std::uint64_t seed) {
  SplitMix64 random(seed);
  Program program;
  arrange(original(), other(), random, program);
  return program;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_one_is_a_program_and_the_same_for_the_same_seed) {
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const Program program = arranged(seed);
    BOOST_REQUIRE(decoded(encode(program)) == program);
    BOOST_REQUIRE(arranged(seed) == program);
  }
}

BOOST_AUTO_TEST_CASE(of_nothing_there_is_nothing) {
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    SplitMix64 random(seed);
    Program program;
    arrange({}, {}, random, program);
    BOOST_REQUIRE(program.operation_count == 0);
  }
}

BOOST_AUTO_TEST_CASE(most_operations_are_the_originals) {
  const std::set<Call> own{Call::store, Call::dontneed, Call::fsync, Call::load, Call::reclaim, Call::read};
  std::set<Call> others;
  std::uint64_t operations = 0;
  std::uint64_t foreign = 0;
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const Program program = arranged(seed);
    for (const Operation& operation : operations_of(program)) {
      ++operations;
      if (own.contains(operation.call)) continue;
      ++foreign;
      others.insert(operation.call);
    }
  }
  BOOST_TEST(foreign * 8 < operations);
  // But for fork, for which there must be a second address space.
  BOOST_TEST(others.size() >= operation_table.size() - own.size() - 1);
}

BOOST_AUTO_TEST_CASE(some_are_of_two_programs) {
  std::uint64_t both = 0;
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const Program program = arranged(seed);
    const auto has = [&](Call call) { return std::ranges::count(operations_of(program), call, &Operation::call) != 0; };
    both += static_cast<std::uint64_t>(has(Call::fsync) && has(Call::read));
  }
  BOOST_TEST(both > tries / 20);
  BOOST_TEST(both < tries / 2);
}

BOOST_AUTO_TEST_CASE(most_are_on_one_page_and_some_on_another_machine) {
  std::uint64_t on_one_page = 0;
  std::set<const ParameterInfo*> drawn;
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const MachineConfig machine = arranged(seed).machine;
    on_one_page += static_cast<std::uint64_t>(machine.pages == 1);
    for (const ParameterInfo& parameter : parameter_table) {
      if (machine.*parameter.field != MachineConfig{}.*parameter.field) drawn.insert(&parameter);
    }
  }
  BOOST_TEST(on_one_page > tries / 2);
  BOOST_TEST(on_one_page < tries);
  const auto is_of_machine = [](const ParameterInfo& parameter) {
    Program program;
    program.machine.*parameter.field = parameter.max;
    drop_schedule(program);
    return program.machine.*parameter.field == parameter.max;
  };
  BOOST_TEST(drawn.size() == static_cast<std::size_t>(std::ranges::count_if(parameter_table, is_of_machine)));
}

BOOST_AUTO_TEST_CASE(two_programs_are_merged) {
  std::uint64_t in_between = 0;
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const Program program = arranged(seed);
    const auto place = [&](Call call) {
      return std::ranges::find(operations_of(program), call, &Operation::call) - operations_of(program).begin();
    };
    if (place(Call::load) == program.operation_count) continue;
    in_between +=
        static_cast<std::uint64_t>(place(Call::store) < place(Call::read) && place(Call::read) < place(Call::load));
  }
  BOOST_TEST(in_between > tries / 100);
}

BOOST_AUTO_TEST_CASE(they_have_no_schedule) {
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    const Program program = arranged(seed);
    Program without = program;
    drop_schedule(without);
    BOOST_REQUIRE(program == without);
  }
}

BOOST_AUTO_TEST_CASE(schedules_are_drawn) {
  std::set<int> depths;
  std::set<Exception::Kind> kinds;
  std::set<unsigned> after;
  for (std::uint64_t seed = 0; seed < tries; ++seed) {
    Program program = arranged(seed);
    if (program.operation_count == 0) continue;
    SplitMix64 random(seed);
    draw_schedule(program, random);
    BOOST_REQUIRE(decoded(encode(program)) == program);
    depths.insert(program.machine.pct_depth);
    BOOST_REQUIRE((program.machine.pct_depth == 0 || program.exception_count == 0));
    for (const Exception& exception : exceptions_of(program)) {
      kinds.insert(exception.kind);
      after.insert(exception.after);
    }
  }
  BOOST_TEST(depths == (std::set<int>{0, 1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_TEST(kinds.size() == exception_table.size());
  for (unsigned steps = 0; steps < 40; ++steps) BOOST_TEST(after.contains(steps), steps);
}

BOOST_AUTO_TEST_SUITE_END()
