// A schedule that is said by its deviations, and the program that lists it.
#include "fuzz/prove/deviations.h"

#include <boost/test/unit_test.hpp>

#include "engine/run/simulation.h"
#include "engine/sched/schedule_recorder.h"
#include "engine/zap/engines.h"
#include "oracles/judge.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(deviations)

namespace {

constexpr std::string_view two_cpus =
    "shootdown 2\n"
    "machine cpus 2, pages 1, words 1\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: load page 0 word 0\n"
    "cpu 0: exit\n"
    "cpu 1: exit\n";

struct Bench {
  Program program = input_of(two_cpus).document.program;
  Judge judge;
  Simulation simulation{eager_dirty(), judge};
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(without_deviations_it_is_the_order_of_the_list, Bench) {
  simulation.run(program);
  const std::uint64_t hash = simulation.hash();
  DeviatingSchedule schedule(program);
  simulation.run(program, nullptr, &schedule);
  BOOST_TEST(simulation.hash() == hash);
  BOOST_TEST(schedule.decision() > 0U);
}

BOOST_FIXTURE_TEST_CASE(each_deviation_is_an_exception, Bench) {
  DeviatingSchedule schedule(program);
  const std::vector<Deviation> path{{.decision = 3, .choice = run_next(1)},
                                    {.decision = 9, .choice = {.kind = Choice::Kind::evict, .cpu = 1, .page = 0}}};
  schedule.deviate(path);
  ScheduleRecorder recorder(program, schedule);
  simulation.run(recorder.program(), nullptr, &recorder);
  BOOST_REQUIRE(recorder.finish());
  const std::uint64_t hash = simulation.hash();
  BOOST_TEST(recorder.program().exception_count == 2U);
  BOOST_TEST((recorder.program().exceptions[0].kind == Exception::Kind::preempt));
  simulation.run(recorder.program());
  BOOST_TEST(simulation.hash() == hash);
}

BOOST_FIXTURE_TEST_CASE(it_can_be_paused_before_each_decision, Bench) {
  simulation.run(program);
  const std::uint64_t hash = simulation.hash();
  DeviatingSchedule schedule(program);
  schedule.pause_from(3);
  simulation.begin(program, nullptr, &schedule);
  std::uint32_t next = 3;
  while (!simulation.proceed()) {
    BOOST_TEST(schedule.decision() == next);
    BOOST_TEST(schedule.question().can_run(schedule.usual().cpu));
    ++next;
    schedule.go_on();
  }
  BOOST_TEST(next > 10U);
  BOOST_TEST(simulation.hash() == hash);
}

BOOST_FIXTURE_TEST_CASE(it_can_be_gone_back_to, Bench) {
  if (!Simulation::can_save) return;
  DeviatingSchedule schedule(program);
  schedule.pause_from(5);
  simulation.begin(program, nullptr, &schedule);
  BOOST_REQUIRE(!simulation.proceed());
  const DeviatingSchedule::Progress there = schedule.progress();
  Simulation::Snapshot snapshot;
  simulation.save(snapshot);
  schedule.pause_from(~0U);
  BOOST_REQUIRE(simulation.proceed());
  const std::uint64_t hash = simulation.hash();
  for (const bool deviates : {true, false}) {
    simulation.restore(snapshot);
    schedule.go_back(there);
    std::vector<Deviation> path;
    if (deviates) path.push_back({.decision = 5, .choice = run_next(1)});
    schedule.deviate(path);
    BOOST_REQUIRE(simulation.proceed());
    BOOST_TEST((simulation.hash() == hash) != deviates);
  }
}

BOOST_AUTO_TEST_SUITE_END()
