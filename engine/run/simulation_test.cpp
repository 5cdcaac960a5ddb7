// Worlds: each is made from nothing, can be run in parts, and gone back to.
#include "engine/run/simulation.h"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <string_view>
#include <vector>

#include "engine/zap/engines.h"
#include "oracles/judge.h"
#include "test/elsewhere_engine.h"
#include "test/programs.h"
#include "test/recorder.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(simulation)

namespace {

Program race(int pct_depth = 0) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pct_depth, pct_depth).machine(&MachineConfig::pct_steps, 100);
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 2).switch_to(0, 12);
  return builder.operation(2, Call::fsync, 0, 2).suspend(7).operation(0, Call::store, 0, 0).program();
}

Program large() {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pages, 40).machine(&MachineConfig::cpus, 8).machine(&MachineConfig::mms, 4);
  return builder.operation(7, Call::touch, 0, 40).operation(3, Call::munmap, 0, 40).suspend(30).program();
}

// An engine whose runs are judged.
struct Judged {
  Judge judge;
  Simulation simulation{*find_engine("eager_dirty"), judge};
};

// Has what is told to it run, and pauses when it has been told nothing.
class OneChoice final : public Chooser {
 public:
  Choice next{.kind = Choice::Kind::pause};

  void begin(int /*cpus*/) override {}
  std::uint64_t next_question(const Position& position) override { return std::max(ask_at_, position.total); }
  Choice choose(const Question& question) override {
    asked = question;
    const Choice chosen = next;
    next = {.kind = Choice::Kind::pause};
    if (chosen.kind == Choice::Kind::run) ask_at_ = question.at.total + 1;
    return chosen;
  }
  bool may_run(int /*cpu*/, int /*current*/) override { return true; }
  void interrupt_taken() override {}

  Question asked{};

 private:
  std::uint64_t ask_at_ = 0;
};

// The race has begun, and each of its choices is the test's.
struct Chosen : Judged {
  Chosen() { simulation.begin(program, nullptr, &chooser); }

  Program program = race();
  OneChoice chooser;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_engine_refuses_is_not_run) {
  const UnwillingEngine engine;
  Judge judge;
  Simulation simulation(engine, judge);
  const Program nothing;
  BOOST_TEST((simulation.run(nothing) == Outcome::completed));
  const std::uint64_t hash = simulation.hash();
  const std::uint64_t steps = simulation.steps();
  const auto is_said = [](const RefusedProgram& refused) {
    return std::string_view(refused.what()) == "unwilling cannot run it: there is something to do";
  };
  const Program something = race();
  BOOST_CHECK_EXCEPTION(simulation.run(something), RefusedProgram, is_said);
  BOOST_TEST(simulation.hash() == hash);
  // A run that is under way can go on.
  simulation.begin(nothing);
  BOOST_CHECK_EXCEPTION(simulation.begin(something), RefusedProgram, is_said);
  BOOST_TEST(simulation.proceed());
  BOOST_TEST(simulation.hash() == hash);
  BOOST_TEST(simulation.steps() == steps);
}

BOOST_AUTO_TEST_CASE(a_run_in_parts_is_the_same_run) {
  for (const Program& program : {race(), race(5)}) {
    Judged judged;
    BOOST_TEST((judged.simulation.run(program) == Outcome::completed));
    const std::uint64_t hash = judged.simulation.hash();
    const std::uint64_t steps = judged.simulation.steps();
    judged.simulation.begin(program);
    for (std::uint64_t until = 0; until <= steps; ++until) {
      const bool over = judged.simulation.proceed(until);
      BOOST_TEST(judged.simulation.steps() == until);
      BOOST_TEST(over == (until == steps));
    }
    BOOST_TEST(judged.simulation.hash() == hash);
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_is_cut_off_is_forgotten) {
  Judged judged;
  judged.simulation.run(race());
  const std::uint64_t hash = judged.simulation.hash();
  const Program other = large();
  judged.simulation.begin(other);
  BOOST_TEST(!judged.simulation.proceed(50));
  judged.simulation.run(race());
  BOOST_TEST(judged.simulation.hash() == hash);
}

BOOST_FIXTURE_TEST_CASE(a_chooser_pauses_at_each_of_its_questions, Chosen) {
  int questions = 0;
  while (!simulation.proceed()) {
    BOOST_TEST(chooser.asked.runnable != 0);
    chooser.next = run_next(__builtin_ctz(chooser.asked.runnable));
    ++questions;
  }
  BOOST_TEST((simulation.outcome() == Outcome::completed));
  BOOST_TEST(static_cast<std::uint64_t>(questions) > simulation.steps() / 2);
}

#if defined(SHOOTDOWN_ASAN) || defined(SHOOTDOWN_MSAN) || defined(SHOOTDOWN_TSAN)

BOOST_AUTO_TEST_CASE(sanitizers_keep_books_that_cannot_be_put_back) {
  BOOST_TEST(!Simulation::can_save);
}

#else

BOOST_AUTO_TEST_CASE(a_world_begins_with_the_same_bytes_whatever_ran_before) {
  Judged judged;
  const Program program = race();
  const auto first_bytes = [&] {
    Simulation::Snapshot snapshot;
    judged.simulation.begin(program);
    judged.simulation.save(snapshot);
    return std::vector(snapshot.world().begin(), snapshot.world().end());
  };
  const std::vector<std::byte> fresh = first_bytes();
  const Program other = large();
  judged.simulation.run(other);
  BOOST_TEST((first_bytes() == fresh));
  judged.simulation.begin(other);
  judged.simulation.proceed(40);
  BOOST_TEST((first_bytes() == fresh));
}

BOOST_AUTO_TEST_CASE(a_small_program_has_a_small_world) {
  Judged judged;
  Simulation::Snapshot snapshot;
  const Program small = race();
  judged.simulation.begin(small);
  judged.simulation.save(snapshot);
#ifndef SHOOTDOWN_FOOTPRINTS  // which take room there
  BOOST_TEST(snapshot.world().size() < 8'000U);
#endif
  const std::size_t before = snapshot.world().size();
  const Program other = large();
  judged.simulation.begin(other);
  judged.simulation.save(snapshot);
  BOOST_TEST(snapshot.world().size() > 4 * before);
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_from_where_it_was_saved_as_often_as_one_likes) {
  Judged judged;
  Program program;
  for (int after = 0; after < 40; ++after) {
    program = lost_write_at(after).program();
    judged.simulation.run(program);
    if (judged.judge.broken().contains(OracleId::lost_dirty_data)) break;
  }
  BOOST_REQUIRE(judged.judge.broken().contains(OracleId::lost_dirty_data));
  const std::uint64_t steps = judged.simulation.steps();
  const std::uint64_t hash = judged.simulation.hash();
  const std::string fact(judged.judge.report().violation(OracleId::lost_dirty_data).fact());
  for (std::uint64_t at = 0; at < steps; ++at) {
    Simulation::Snapshot snapshot;
    judged.simulation.begin(program);
    judged.simulation.proceed(at);
    judged.simulation.save(snapshot);
    for (int time = 0; time < 3; ++time) {
      BOOST_TEST(judged.simulation.proceed());
      BOOST_TEST(judged.simulation.hash() == hash);
      const Report report = judged.judge.report();
      BOOST_TEST(report.violation(OracleId::lost_dirty_data).fact() == fact);
      judged.simulation.restore(snapshot);
      BOOST_TEST(judged.simulation.steps() == at);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_a_kernel_keeps_elsewhere_goes_back_with_the_run) {
  const Program program =
      ProgramBuilder().operation(0, Call::dontneed, 0, 1).operation(1, Call::dontneed, 1, 1).program();
  const ElsewhereEngine engine;
  Judge judge;
  Simulation simulation(engine, judge);
  simulation.run(program);
  const std::uint64_t hash = simulation.hash();
  const ElsewhereEngine::Memory at_the_end = engine.memory();
  BOOST_TEST(at_the_end.written == 3U);

  Simulation::Snapshot snapshot;
  simulation.begin(program);
  simulation.proceed(2);
  simulation.save(snapshot);
  BOOST_TEST(snapshot.elsewhere().size() == sizeof at_the_end.counts + sizeof at_the_end.written);
  const std::array counts = engine.memory().counts;
  for (int time = 0; time < 3; ++time) {
    // In between somebody else has used the memory.
    Simulation other(engine, judge);
    other.run(program);
    simulation.restore(snapshot);
    BOOST_TEST((engine.memory().counts == counts));
    BOOST_TEST(engine.memory().written == 0U);
    BOOST_TEST((engine.memory().order == decltype(at_the_end.order)()));
    BOOST_TEST(simulation.proceed());
    BOOST_TEST(simulation.hash() == hash);
    BOOST_TEST((engine.memory().counts == at_the_end.counts));
    BOOST_TEST((engine.memory().order == at_the_end.order));
  }
}

BOOST_FIXTURE_TEST_CASE(another_choice_can_be_made_where_a_run_was_saved, Chosen) {
  // To the first of the first CPU's steps, and there either on or away.
  simulation.proceed();
  chooser.next = run_next(0);
  simulation.proceed();
  Simulation::Snapshot snapshot;
  simulation.save(snapshot);
  std::vector<std::uint64_t> hashes;
  for (const int cpu : {0, 1, 0, 1}) {
    simulation.restore(snapshot);
    chooser.next = run_next(cpu);
    simulation.proceed();
    hashes.push_back(simulation.hash());
  }
  BOOST_TEST(hashes[0] == hashes[2]);
  BOOST_TEST(hashes[1] == hashes[3]);
  BOOST_TEST(hashes[0] != hashes[1]);
}

#endif

BOOST_AUTO_TEST_CASE(steps_are_counted_in_a_run_of_which_nobody_is_told) {
  ProgramBuilder builder;
  builder.machine(&MachineConfig::pct_depth, 1).operation(0, Call::store, 0, 0);
  const Program program = builder.operation(1, Call::load, 0, 0).operation(1, Call::load, 0, 0).program();
  Recorder recorder;
  Simulation simulation(*find_engine("delayed_rmap"), recorder);
  const StepCounts counts = simulation.count_steps(program);
  const auto accesses = [&](std::size_t cpu) { return counts.cpus[cpu][kind_of<event::UserAccess>]; };
  BOOST_TEST(accesses(0) == 2U);  // the first of which faults
  BOOST_TEST(accesses(1) == 2U);  // the page is there
  BOOST_TEST(accesses(2) == 0U);
  // Nor is anything of how threads end.
  BOOST_TEST(counts.cpus[0][kind_of<event::DropMmUser>] == 0U);
  BOOST_TEST(recorder.events().empty());
}

BOOST_AUTO_TEST_CASE(each_sampler_makes_runs_of_its_own_and_always_the_same) {
  std::vector<std::uint64_t> hashes;
  for (const int sampler : {0, 1, 2}) {
    Program program = race(2);
    program.machine.sampler = static_cast<std::uint16_t>(sampler);
    Judged one;
    one.simulation.run(program);
    const std::uint64_t hash = one.simulation.hash();
    one.simulation.run(race());
    one.simulation.run(program);
    BOOST_TEST(one.simulation.hash() == hash);
    BOOST_TEST((std::ranges::find(hashes, hash) == hashes.end()));
    hashes.push_back(hash);
  }
}

BOOST_AUTO_TEST_SUITE_END()
