// At which places of code CPUs have to be preempted, and that a search which knows them misses nothing.
#include "fuzz/prove/steps_that_matter.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/prove/explorer.h"
#include "oracles/judge.h"
#include "test/elsewhere_engine.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(steps_that_matter)

namespace {

Program program_of(std::string_view operations) {
  return input_of("shootdown 2\nmachine cpus 2, pages 2, words 1\n" + std::string(operations)).document.program;
}

const Program& counting() {
  static const Program program = program_of("cpu 0: dontneed page 0\ncpu 1: dontneed page 0\n");
  return program;
}
const Program& counting_and_ordering() {
  static const Program program =
      program_of("cpu 0: dontneed page 0\ncpu 0: dontneed page 1\ncpu 1: dontneed page 0\ncpu 1: dontneed page 1\n");
  return program;
}

// In which orders CPUs have come.
struct Orders final : StateObserver {
  explicit Orders(const ElsewhereEngine& of) : engine(of) {}

  const ElsewhereEngine& engine;
  std::set<decltype(ElsewhereEngine::Memory::order)> all;

  void comes_to(std::uint64_t /*state*/, bool /*is_new*/, const std::vector<Deviation>& /*path*/,
                std::uint32_t /*decision*/) override {}
  void ends(std::uint64_t /*world*/) override { all.insert(engine.memory().order); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(places_are_known_where_accesses_meet) {
  if (!Simulation::can_save) return;  // a kernel that is code does not run with sanitizers
  const ElsewhereEngine engine;
  BOOST_TEST(StepsThatMatter(engine, counting(), Defect::none).places() == 0U);
  StepsThatMatter steps(engine, counting_and_ordering(), Defect::none);
  BOOST_TEST(steps.places() == 1U);
  BOOST_TEST(!steps.take_in_new_ones());
  BOOST_TEST((*steps.watch().preemptible)(ElsewhereEngine::order_place));
  BOOST_TEST(!(*steps.watch().preemptible)(ElsewhereEngine::counts_place));
}

BOOST_AUTO_TEST_CASE(a_place_that_a_run_shows_is_one_more) {
  if (!Simulation::can_save) return;  // a kernel that is code does not run with sanitizers
  const ElsewhereEngine engine;
  StepsThatMatter steps(engine, counting(), Defect::none);
  Judge judge;
  Simulation simulation(engine, judge);
  simulation.code = steps.watch();
  simulation.run(counting_and_ordering());
  BOOST_TEST(steps.take_in_new_ones());
  BOOST_TEST(steps.places() == 1U);
  BOOST_TEST(!steps.take_in_new_ones());
}

BOOST_AUTO_TEST_CASE(a_kernel_that_is_no_code_has_none) {
  BOOST_TEST(StepsThatMatter(eager_dirty(), counting(), Defect::none).places() == 0U);
}

BOOST_AUTO_TEST_CASE(preempted_only_there_runs_have_the_same_ends) {
  if (!Simulation::can_save) return;
  const ElsewhereEngine engine;
  ExplorerSettings settings;
  settings.freedoms.insert(Freedom::preempt);
  const auto search = [&](Orders& orders) {
    settings.observer = &orders;
    Explorer explorer(engine, counting_and_ordering(), settings);
    BOOST_TEST((explorer.search(~std::uint64_t{0}) == Explorer::State::exhausted));
    return explorer.states();
  };
  Orders every(engine);
  const std::uint64_t states = search(every);
  // Three of each CPU in a row of six.
  BOOST_TEST(every.all.size() == 20U);
  StepsThatMatter steps(engine, counting_and_ordering(), Defect::none);
  settings.code = steps.watch();
  Orders some(engine);
  BOOST_TEST(search(some) < states);
  BOOST_TEST((some.all == every.all));
  BOOST_TEST(!steps.take_in_new_ones());
}

BOOST_AUTO_TEST_SUITE_END()
