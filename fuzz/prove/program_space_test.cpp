// Which programs there are: counted, and held against all programs, sorted into those that differ only in names.
#include "fuzz/prove/program_space.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/explorer.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(program_space)

namespace {

using Sequences = ProgramSpace::Sequences;

MachineConfig machine(int cpus, int pages = 1, int words = 1) {
  MachineConfig machine;
  machine.cpus = static_cast<std::uint16_t>(cpus);
  machine.pages = static_cast<std::uint16_t>(pages);
  machine.words = static_cast<std::uint16_t>(words);
  return machine;
}

// --- all programs, in the most naive way: as texts, a line for each operation ---

using Naive = std::vector<std::vector<std::string>>;  // for each CPU

void all_naive(const std::vector<std::string>& operations, int cpus, int left, Naive& program, std::set<Naive>& all) {
  all.insert(program);
  if (left == 0) return;
  for (int cpu = 0; cpu < cpus; ++cpu) {
    for (const std::string& operation : operations) {
      program[static_cast<std::size_t>(cpu)].push_back(operation);
      all_naive(operations, cpus, left - 1, program, all);
      program[static_cast<std::size_t>(cpu)].pop_back();
    }
  }
}

// One of each class: of those that are the same when CPUs change places.
std::set<Naive> classes(const std::set<Naive>& all) {
  std::set<Naive> representatives;
  for (const Naive& program : all) {
    Naive other = program;
    std::ranges::reverse(other);
    representatives.insert(std::min(program, other));
  }
  return representatives;
}

Naive naive(const ProgramSpace& space, const Sequences& sequences) {
  Naive program;
  for (const auto& sequence : sequences) {
    std::vector<std::string>& lines = program.emplace_back();
    for (const std::size_t number : sequence) lines.push_back(print(space.operations()[number], space.machine()));
  }
  return program;
}

std::vector<std::string> lines_of(const ProgramSpace& space) {
  std::vector<std::string> lines;
  for (const Operation& operation : space.operations()) lines.push_back(print(operation, space.machine()));
  return lines;
}

// That the space has one of each class.
void check_classes(const ProgramSpace& space, int operations) {
  Naive nothing(space.machine().cpus);
  std::set<Naive> all;
  all_naive(lines_of(space), space.machine().cpus, operations, nothing, all);
  all.erase(nothing);
  BOOST_TEST(space.size() == all.size());
  std::set<Naive> chosen;
  for (const std::uint64_t place : space.places({})) chosen.insert(naive(space, space.at(place)));
  BOOST_TEST(chosen.size() == space.places({}).size());
  BOOST_TEST((classes(chosen) == classes(all)));
  BOOST_TEST(chosen.size() == classes(all).size());
}

}  // namespace

BOOST_AUTO_TEST_CASE(by_default_there_are_fourteen_calls) {
  const std::vector<Call> calls = default_calls();
  BOOST_TEST(calls.size() == 14U);
  const ProgramSpace space(calls, 3, machine(2));
  BOOST_TEST(space.operations().size() == 14U);
  // (k + 1) * 14^k, and half of that up to symmetry, but for those that are symmetric themselves.
  BOOST_TEST(space.size() == 2U * 14 + 3U * 14 * 14 + 4U * 14 * 14 * 14);
  BOOST_TEST(space.places({}).size() == 14U + (14 * 14 + 14 * 15 / 2) + 2U * 14 * 14 * 14);
}

BOOST_AUTO_TEST_CASE(there_is_one_of_each_class) {
  using enum Call;
  check_classes(ProgramSpace({store, dontneed, fsync}, 4, machine(2)), 4);
  check_classes(ProgramSpace(default_calls(), 2, machine(2)), 2);
  check_classes(ProgramSpace({store, touch, munmap}, 2, machine(2, 2, 2)), 2);
}

BOOST_AUTO_TEST_CASE(alone_and_of_three_every_name_counts) {
  for (const int cpus : {1, 3}) {
    const ProgramSpace space({Call::store, Call::dontneed}, 3, machine(cpus));
    BOOST_TEST(space.places({}).size() == space.size());
  }
  BOOST_TEST(ProgramSpace({Call::store, Call::dontneed}, 3, machine(3)).size() == 3U * 2 + 6U * 4 + 10U * 8);
}

BOOST_AUTO_TEST_CASE(operations_have_all_operands_that_there_are) {
  const MachineConfig two = machine(1, 2, 2);
  using enum OperandKind;
  BOOST_TEST(operands_of(virtual_page, two).size() == 2U);
  BOOST_TEST(operands_of(word, two).size() == 2U);
  BOOST_TEST(operands_of(virtual_range, two).size() == 3U);
  BOOST_TEST(operands_of(file_range, two).size() == 3U);
  BOOST_TEST(operands_of(file_page, two).size() == 2U);
  BOOST_TEST(operands_of(virtual_move, two).size() == 2U);
  BOOST_TEST(operands_of(mm, two).empty());
  const ProgramSpace space({Call::store, Call::mremap, Call::fork}, 1, two);
  BOOST_TEST(space.operations().size() == 4U + 2U);
  // A text names all of them, and no two alike.
  const std::vector<std::string> lines = lines_of(space);
  BOOST_TEST(std::set<std::string>(lines.begin(), lines.end()).size() == lines.size());
}

BOOST_AUTO_TEST_CASE(shards_have_each_program_once) {
  const ProgramSpace space({Call::store, Call::dontneed, Call::fsync}, 3, machine(2));
  const std::vector<std::uint64_t> all = space.places({});
  for (const std::uint64_t count : {2U, 7U, 1000U}) {
    std::vector<std::uint64_t> together;
    for (std::uint64_t index = 1; index <= count; ++index) {
      const std::vector<std::uint64_t> shard = space.places({.index = index, .count = count});
      BOOST_TEST(shard.size() <= all.size() / count + 1);
      together.insert(together.end(), shard.begin(), shard.end());
    }
    std::ranges::sort(together);
    BOOST_TEST((together == all));
  }
}

BOOST_AUTO_TEST_CASE(programs_and_texts_say_the_same) {
  const ProgramSpace space({Call::store, Call::dontneed, Call::fsync}, 3, machine(2));
  const Sequences sequences{{0, 2}, {1}};
  BOOST_TEST(space.text(sequences) == "store page 0 word 0; fsync page 0 | dontneed page 0");
  BOOST_TEST(space.text({{}, {0}}) == "nothing | store page 0 word 0");
  BOOST_TEST(print(space.program(sequences)) ==
             "shootdown 2\n"
             "machine cpus 2, pages 1, words 1\n\n"
             "cpu 0: store page 0 word 0\n"
             "cpu 0: fsync page 0\n"
             "cpu 1: dontneed page 0\n");
  BOOST_TEST((space.canonical({{1}, {0, 2}}) == sequences));
  BOOST_TEST((space.canonical(sequences) == sequences));
}

BOOST_AUTO_TEST_CASE(what_is_too_much_to_count_is_the_largest_number) {
  const ProgramSpace space(default_calls(), 40, machine(2));
  BOOST_TEST(space.size() == ~std::uint64_t{0});
}

// That two CPUs may change places.
BOOST_AUTO_TEST_CASE(what_differs_in_names_has_as_many_states) {
  if (!Simulation::can_save) return;
  constexpr std::string_view programs[] = {
      "cpu 0: load page 0 word 0\ncpu 1: munmap page 0\ncpu 0: exit\ncpu 1: exit\n",
      "cpu 0: store page 0 word 0\ncpu 1: load page 0 word 0\ncpu 0: exit\ncpu 1: exit\n"};
  const Engine& engine = *find_engine("delayed_rmap");
  ExplorerSettings settings{.oracles = OracleSet::all()};
  settings.freedoms.insert(Freedom::preempt);
  settings.freedoms.insert(Freedom::late);
  for (const std::string_view program : programs) {
    std::string swapped(program);
    for (std::size_t at = swapped.find("cpu "); at != std::string::npos; at = swapped.find("cpu ", at + 1))
      swapped[at + 4] = swapped[at + 4] == '0' ? '1' : '0';
    std::set<std::uint64_t> states;
    for (const std::string_view text : {program, std::string_view(swapped)}) {
      const Input input = input_of(fmt::format("shootdown 2\nmachine cpus 2, pages 1, words 1\n{}", text));
      Explorer explorer(engine, input.document.program, settings);
      BOOST_TEST((explorer.search(~std::uint64_t{0}) == Explorer::State::exhausted));
      states.insert(explorer.states());
    }
    BOOST_TEST(states.size() == 1U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
