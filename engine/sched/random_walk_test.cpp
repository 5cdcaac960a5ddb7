// The walk by itself: it is asked, and nobody runs.
#include "engine/sched/random_walk.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(random_walk)

namespace {

constexpr int cpus = 4;

// Operations that begin at virtual pages 3 and 5, and one that does not: its page is of a file.
std::unique_ptr<Program> some_program() {
  auto program = std::make_unique<Program>();
  program->operations[0] = {.call = Call::store, .operands = {{{.value = 3}}}};
  program->operations[1] = {.call = Call::fsync, .operands = {{{.value = 4, .count = 1}}}};
  program->operations[2] = {.call = Call::munmap, .operands = {{{.value = 5, .count = 1}}}};
  program->operation_count = 3;
  return program;
}

Question question(CpuMask runnable, std::uint64_t total, Question::Occasion occasion = Question::Occasion::step) {
  return {.occasion = occasion,
          .at = {.cpu = 1, .operation = 0, .own = total, .total = total},
          .runnable = runnable,
          .interrupted = 0};
}

// The answers to many questions, in a run of its own.
std::vector<Choice> answers(RandomWalk& walk, std::size_t count, CpuMask runnable = cpus_below(cpus)) {
  std::vector<Choice> choices;
  walk.begin(cpus);
  for (std::size_t i = 0; i < count; ++i) choices.push_back(walk.choose(question(runnable, i)));
  return choices;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_seed_makes_one_walk_and_another_seed_another) {
  const auto program = some_program();
  RandomWalk walk(*program, 1, 4);
  RandomWalk same(*program, 1, 4);
  RandomWalk other(*program, 2, 4);
  const std::vector<Choice> choices = answers(walk, 100);
  BOOST_TEST((answers(walk, 100) == choices));
  BOOST_TEST((answers(same, 100) == choices));
  BOOST_TEST((answers(other, 100) != choices));
}

BOOST_AUTO_TEST_CASE(whoever_can_run_does_with_the_same_chance) {
  const auto program = some_program();
  RandomWalk walk(*program, 7, 1);
  std::array<int, cpus> runs{};
  int all = 0;
  for (const Choice& choice : answers(walk, 9000, CpuMask{0b1011})) {
    if (choice.kind != Choice::Kind::run) continue;
    ++runs[choice.cpu];
    ++all;
  }
  BOOST_TEST(runs[2] == 0);
  for (const int count : {runs[0], runs[1], runs[3]}) BOOST_TEST((count > all * 3 / 10 && count < all * 4 / 10));
}

BOOST_AUTO_TEST_CASE(there_are_choices_of_every_kind_and_all_can_be_said_in_a_program) {
  const auto program = some_program();
  RandomWalk walk(*program, 3, 1);
  std::array<int, 4> kinds{};
  std::array<int, 6> pages{};
  int late = 0;
  for (const Choice& choice : answers(walk, 4000)) {
    ++kinds[static_cast<std::size_t>(choice.kind)];
    BOOST_TEST(choice.cpu < cpus);
    BOOST_TEST(choice.latency <= max_latency);
    if (choice.latency != 0) ++late;
    if (choice.latency != 0) BOOST_TEST(choice.cpu != 1);  // to go on has no latency
    if (choice.kind == Choice::Kind::fail) BOOST_TEST(choice.cpu == 1);
    if (choice.kind == Choice::Kind::evict || choice.kind == Choice::Kind::fill) ++pages.at(choice.page);
  }
  BOOST_TEST(kinds[static_cast<std::size_t>(Choice::Kind::run)] > 3000);
  for (const int number : kinds) BOOST_TEST(number > 40);
  BOOST_TEST(late > 400);
  BOOST_TEST((pages[3] > 40 && pages[5] > 40));
  BOOST_TEST(pages[3] + pages[5] == kinds[static_cast<std::size_t>(Choice::Kind::evict)] +
                                        kinds[static_cast<std::size_t>(Choice::Kind::fill)]);
}

BOOST_AUTO_TEST_CASE(at_the_beginning_no_allocation_fails) {
  const auto program = some_program();
  const Question first = question(cpus_below(cpus), 0, Question::Occasion::begin);
  std::array<int, 4> kinds{};
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    RandomWalk walk(*program, seed, 1);
    walk.begin(cpus);
    ++kinds[static_cast<std::size_t>(walk.choose(first).kind)];
  }
  BOOST_TEST(kinds[static_cast<std::size_t>(Choice::Kind::fail)] == 0);
  BOOST_TEST(kinds[static_cast<std::size_t>(Choice::Kind::run)] > 300);
  BOOST_TEST(kinds[static_cast<std::size_t>(Choice::Kind::evict)] > 0);
}

BOOST_AUTO_TEST_CASE(a_program_without_operations_names_no_page) {
  const Program empty;
  RandomWalk walk(empty, 3, 1);
  for (const Choice& choice : answers(walk, 1000))
    BOOST_TEST((choice.kind == Choice::Kind::run || choice.kind == Choice::Kind::fail));
}

BOOST_AUTO_TEST_CASE(behind_the_last_operation_it_only_says_who_runs) {
  const auto program = some_program();
  RandomWalk walk(*program, 3, 1);
  walk.begin(cpus);
  Question last = question(cpu_bit(1), 0);
  last.at.operation = -1;
  for (int i = 0; i < 1000; ++i) BOOST_TEST((walk.choose(last) == run_next(1)));
}

BOOST_AUTO_TEST_CASE(it_is_asked_as_often_as_its_pace_says) {
  const auto program = some_program();
  for (const std::uint64_t pace : {1U, 5U, 40U}) {
    RandomWalk walk(*program, 11, pace);
    walk.begin(cpus);
    std::uint64_t step = 0;
    int asked = 0;
    constexpr int wanted = 1000;
    while (asked < wanted) {
      step = walk.next_question({.cpu = 1, .operation = 0, .own = step, .total = step});
      if (walk.choose(question(cpus_below(cpus), step)).kind == Choice::Kind::run) ++asked;
    }
    const std::uint64_t expected = pace * wanted;
    BOOST_TEST((step > expected * 9 / 10 - 2 && step < expected * 11 / 10 + 2), step << " steps at pace " << pace);
  }
}

BOOST_AUTO_TEST_SUITE_END()
