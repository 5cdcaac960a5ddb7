// What a search finds, with how few exceptions, and when it says that nothing is left.
#include "fuzz/prove/explorer.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/language/text.h"
#include "fuzz/replay/replay.h"
#include "test/elsewhere_engine.h"
#include "test/inputs.h"
#include "test/programs.h"
#include "test/samples.h"
#include "test/stories.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(explorer)

namespace {

using State = Explorer::State;

constexpr std::string_view two_loads =
    "shootdown 2\n"
    "machine cpus 2, pages 1, words 1\n"
    "cpu 0: load page 0 word 0\n"
    "cpu 1: load page 0 word 0\n";

constexpr std::uint64_t no_limit = ~std::uint64_t{0};

ExplorerSettings settings_of(std::initializer_list<Freedom> freedoms, OracleSet oracles, int exceptions) {
  ExplorerSettings settings{.oracles = oracles, .exceptions = exceptions};
  for (const Freedom freedom : freedoms) settings.freedoms.insert(freedom);
  return settings;
}

const Engine& engine(std::string_view name) {
  return *find_engine(name);
}

// All states that a search comes to.
struct States final : StateObserver {
  std::set<std::uint64_t> all;
  std::uint64_t merged = 0;

  void comes_to(std::uint64_t state, bool is_new, const std::vector<Deviation>& /*path*/,
                std::uint32_t /*decision*/) override {
    all.insert(state);
    if (!is_new) ++merged;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_breaks_is_found_with_the_fewest_exceptions) {
  const Program program = input_of(lost_write_in_order).document.program;
  const OracleSet oracles = OracleSet::only(OracleId::lost_dirty_data);
  Explorer explorer(engine("eager_dirty"), program, settings_of({Freedom::preempt}, oracles, 2));
  BOOST_TEST((explorer.search(no_limit) == State::broken));
  BOOST_TEST(explorer.exceptions() == 1);
  BOOST_TEST((explorer.broken() == oracles));
  BOOST_TEST(explorer.counterexample().exception_count == 1U);
  Replayer replayer(engine("eager_dirty"));
  BOOST_TEST(!(replayer.run(explorer.counterexample()).broken & oracles).empty());
  // It stays found.
  BOOST_TEST((explorer.search(1) == State::broken));

  Explorer none(engine("eager_dirty"), program, settings_of({Freedom::preempt}, oracles, 0));
  BOOST_TEST((none.search(no_limit) == State::bound_reached));
  Explorer other(engine("delayed_rmap"), program, settings_of({Freedom::preempt}, oracles, 1));
  BOOST_TEST((other.search(no_limit) == State::bound_reached));
  BOOST_TEST(other.exceptions() == 1);
}

// Not only where somebody goes on: who is next in the list may be suspended before its first step.
BOOST_AUTO_TEST_CASE(who_comes_to_run_can_be_preempted_at_once) {
  const Program program = input_of(
                              "shootdown 2\n"
                              "machine cpus 3, pages 1, words 1\n"
                              "cpu 2: mmap page 0\n"
                              "cpu 0: protect page 0\n"
                              "  after 0 steps switch to cpu 1\n"
                              "cpu 1: store page 0 word 0\n"
                              "cpu 2: write page 0\n"
                              "cpu 2: munmap page 0\n")
                              .document.program;
  const OracleSet oracles = OracleSet::only(OracleId::dirty_unmapped);
  BOOST_TEST(Replayer(engine("eager_dirty")).run(program).broken.contains(OracleId::dirty_unmapped));
  Explorer explorer(engine("eager_dirty"), program, settings_of({Freedom::preempt}, oracles, 2));
  BOOST_TEST((explorer.search(no_limit) == State::broken));
  BOOST_TEST(explorer.exceptions() == 1);
}

namespace {

constexpr int operations_at_a_page = 5;

// Three CPUs at one page. In one of the operations, if any, a CPU comes to run after so many steps.
Program three_at_a_page(int preempted = operations_at_a_page, int cpu = 0, int after = 0) {
  struct Step {
    int cpu;
    Call call;
  };
  constexpr Step list[operations_at_a_page] = {
      {0, Call::store}, {1, Call::dontneed}, {2, Call::fsync}, {0, Call::store}, {1, Call::fadvise}};
  ProgramBuilder builder;
  builder.machine(&MachineConfig::cpus, 3).machine(&MachineConfig::pages, 1).machine(&MachineConfig::words, 1);
  for (int i = 0; i < operations_at_a_page; ++i) {
    builder.operation(list[i].cpu, list[i].call, 0, list[i].call == Call::store ? 0 : 1);
    if (i == preempted) builder.switch_to(cpu, after);
  }
  return builder.program();
}

// What all texts with one preemption break, tried one by one.
OracleSet broken_by_one_preemption(const Engine& engine) {
  Replayer replayer(engine);
  OracleSet broken;
  for (int operation = 0; operation < operations_at_a_page; ++operation) {
    for (int after = 0; after < 80; after += one_in) {
      for (int cpu = 0; cpu < 3; ++cpu) broken = broken | replayer.run(three_at_a_page(operation, cpu, after)).broken;
    }
  }
  return broken;
}

}  // namespace

// None of them breaks what a search says holds with one.
BOOST_AUTO_TEST_CASE(no_text_with_one_preemption_is_left_out) {
  for (const Engine* const each : all_engines()) {
    const OracleSet broken = broken_by_one_preemption(*each);
    if (one_in == 1 && each->name() == "eager_dirty") BOOST_TEST(broken.contains(OracleId::lost_dirty_data));
    for (const OracleInfo& oracle : all_oracles()) {
      if (!broken.contains(oracle.id)) continue;
      const auto settings = settings_of({Freedom::preempt}, OracleSet::only(oracle.id), 1);
      Explorer explorer(*each, three_at_a_page(), settings);
      BOOST_TEST((explorer.search(no_limit) == State::broken), each->name() << " " << oracle.name);
    }
  }
}

// CPUs that are let run and suspended without a step could take turns for ever.
BOOST_AUTO_TEST_CASE(there_is_an_end_without_merging) {
  const Program program =
      input_of("shootdown 2\nmachine cpus 2, pages 1, words 1\ncpu 0: idle\ncpu 1: idle\n").document.program;
  ExplorerSettings settings = settings_of({Freedom::preempt}, OracleSet::all(), max_exceptions);
  settings.merges = false;
  Explorer explorer(engine("eager_dirty"), program, settings);
  BOOST_TEST((explorer.search(no_limit) == State::exhausted));
}

// Whoever looks for one way of breaking an oracle passes over others.
BOOST_AUTO_TEST_CASE(what_is_not_wanted_does_not_end_the_search) {
  const Program program = input_of(lost_write_in_order).document.program;
  ExplorerSettings settings = settings_of({Freedom::preempt}, OracleSet::only(OracleId::lost_dirty_data), 1);
  int seen = 0;
  settings.wanted = [&](const Report& report) {
    BOOST_TEST(report.broken().contains(OracleId::lost_dirty_data));
    return ++seen == 2;
  };
  Explorer second(engine("eager_dirty"), program, settings);
  BOOST_TEST((second.search(no_limit) == State::broken));
  BOOST_TEST(seen == 2);
  settings.wanted = [](const Report& /*report*/) { return false; };
  Explorer none(engine("eager_dirty"), program, settings);
  BOOST_TEST((none.search(no_limit) == State::bound_reached));
}

BOOST_AUTO_TEST_CASE(a_planted_mistake_is_made) {
  const Program program = input_of(lost_write_in_order).document.program;
  ExplorerSettings settings = settings_of({Freedom::preempt}, claims_of(engine("delayed_rmap")), 1);
  settings.defect = Defect::last_entry_skipped;
  Explorer explorer(engine("delayed_rmap"), program, settings);
  BOOST_TEST((explorer.search(no_limit) == State::broken));
  BOOST_TEST(explorer.exceptions() == 0);
}

// The mistake leaves an entry of a page that is gone, by which a store faults for ever: it comes to states that it has been in. In two
// programs that comes as it will, in one only if a CPU is preempted.
BOOST_AUTO_TEST_CASE(a_run_that_goes_round_has_no_end) {
  const std::string_view machine = "shootdown 2\nmachine cpus 2, pages 1, words 1\n";
  const std::pair<std::string_view, int> programs[] = {
      {"cpu 0: load page 0 word 0\ncpu 0: invalidate page 0\ncpu 0: store page 0 word 0\n", 0},
      {"cpu 0: load page 0 word 0\ncpu 1: invalidate page 0\ncpu 0: store page 0 word 0\n", 0},
      {"cpu 1: invalidate page 0\ncpu 0: load page 0 word 0\ncpu 1: store page 0 word 0\n", 1},
  };
  const OracleSet progress = OracleSet::only(OracleId::progress);
  const auto search = [&](std::string_view operations, const ExplorerSettings& settings) {
    const Program program = input_of(std::string(machine) + std::string(operations)).document.program;
    Explorer explorer(engine("delayed_rmap"), program, settings);
    const State state = explorer.search(no_limit);
    return std::pair(state, explorer.exceptions());
  };
  for (const auto& [operations, exceptions] : programs) {
    ExplorerSettings settings = settings_of({Freedom::preempt}, progress, 1);
    BOOST_TEST((search(operations, settings).first == State::bound_reached));
    settings.defect = Defect::last_entry_skipped;
    for (const int workers : {1, 2}) {
      settings.workers = workers;
      BOOST_TEST((search(operations, settings) == std::pair(State::broken, exceptions)), operations);
    }
    settings.workers = 1;
    settings.merges = false;
    BOOST_TEST((search(operations, settings) == std::pair(State::broken, exceptions)), operations);
    // Who does not ask for it is told of nothing.
    settings.merges = Simulation::can_save;
    settings.oracles = OracleSet::only(OracleId::encoded_pointer);
    if (settings.merges) BOOST_TEST((search(operations, settings).first == State::bound_reached));
  }
}

BOOST_AUTO_TEST_CASE(who_is_alone_has_one_schedule) {
  const Input alone = input_of("shootdown 2\nmachine cpus 1\ncpu 0: store page 0 word 0\ncpu 0: munmap page 0\n");
  const Engine& eager = engine("eager_dirty");
  Explorer explorer(eager, alone.document.program, settings_of({Freedom::preempt, Freedom::late}, claims_of(eager), 9));
  BOOST_TEST((explorer.search(no_limit) == State::exhausted));
  BOOST_TEST(explorer.runs() == 1U);
}

BOOST_AUTO_TEST_CASE(of_a_small_program_every_schedule_is_searched) {
  if (!Simulation::can_save) return;
  const Program program = input_of(two_loads).document.program;
  const ExplorerSettings settings = settings_of({Freedom::preempt}, OracleSet::all(), max_exceptions);
  // In portions it is the same.
  std::set<std::uint64_t> digests;
  for (const std::uint64_t portion : {no_limit, std::uint64_t{7}}) {
    Explorer explorer(engine("delayed_rmap"), program, settings);
    while (explorer.search(portion) == State::goes_on) {
    }
    BOOST_TEST((explorer.search(1) == State::exhausted));
    BOOST_TEST(explorer.exceptions() > 2);
    BOOST_TEST(explorer.left() == 0U);
    digests.insert(explorer.digest());
  }
  BOOST_TEST(digests.size() == 1U);
}

// Where schedules end.
struct Ends final : StateObserver {
  std::set<std::uint64_t> worlds;

  void comes_to(std::uint64_t /*state*/, bool /*is_new*/, const std::vector<Deviation>& /*path*/,
                std::uint32_t /*decision*/) override {}
  void ends(std::uint64_t world) override { worlds.insert(world); }
};

// However much is taken for the same, all that schedules can come to is come to: without merging every schedule is run to
// its end, by whatever it is told apart.
BOOST_AUTO_TEST_CASE(merging_leaves_out_no_end) {
  if (!Simulation::can_save) return;
  constexpr std::string_view machine = "shootdown 2\nmachine cpus 2, pages 1, words 1\n";
  const std::string_view programs[] = {
      "cpu 0: store page 0 word 0\ncpu 1: dontneed page 0\ncpu 0: fsync page 0\n",
      "cpu 0: store page 0 word 0\ncpu 1: munmap page 0\ncpu 0: load page 0 word 0\n",
      "cpu 0: write page 0\ncpu 1: fadvise page 0\ncpu 1: load page 0 word 0\n",
      "cpu 0: mmap_anonymous page 0\ncpu 0: touch page 0\ncpu 1: free page 0\ncpu 1: kswapd page 0\n",
      "cpu 0: store page 0 word 0\ncpu 1: protect page 0\ncpu 0: msync page 0\n",
      "cpu 0: store page 0 word 0\ncpu 1: punch page 0\ncpu 0: idle\n",
  };
  for (const std::string_view operations : programs) {
    const Program program = input_of(std::string(machine) + std::string(operations)).document.program;
    ExplorerSettings settings = settings_of({Freedom::preempt}, claims_of(engine("deferred_dirty")), 2);
    const auto ends = [&](bool merges, bool forgets) {
      Ends found;
      settings.merges = merges;
      settings.forgets = forgets;
      settings.observer = &found;
      Explorer explorer(engine("deferred_dirty"), program, settings);
      BOOST_TEST((explorer.search(no_limit) == State::bound_reached));
      return std::pair(found.worlds, explorer.runs());
    };
    const auto every = ends(false, true);
    BOOST_TEST(every.first.size() > 1U);
    for (const bool forgets : {false, true}) {
      const auto some = ends(true, forgets);
      BOOST_TEST((some.first == every.first), operations);
      BOOST_TEST(some.second < every.second);
    }
  }
}

// Without merging every schedule is run to its end.
BOOST_AUTO_TEST_CASE(merging_leaves_out_no_state) {
  if (!Simulation::can_save) return;
  const Program program = input_of(two_loads).document.program;
  for (const Freedom freedom : {Freedom::preempt, Freedom::evict, Freedom::fill, Freedom::fail}) {
    ExplorerSettings settings = settings_of({Freedom::preempt, freedom}, OracleSet::all(), 2);
    States states[2];
    std::uint64_t runs[2];
    for (const bool merges : {false, true}) {
      settings.merges = merges;
      settings.observer = &states[merges];
      Explorer explorer(engine("eager_dirty"), program, settings);
      BOOST_TEST((explorer.search(no_limit) == State::bound_reached));
      runs[merges] = explorer.runs();
      if (merges) BOOST_TEST(explorer.states() == states[merges].all.size());
    }
    BOOST_TEST(states[false].merged == 0U);
    BOOST_TEST(states[true].merged != 0U);
    BOOST_TEST((states[false].all == states[true].all));
    BOOST_TEST(runs[true] < runs[false]);
  }
}

// An allocation that never comes is made to fail once.
BOOST_AUTO_TEST_CASE(failing_allocations_have_an_end) {
  if (!Simulation::can_save) return;
  constexpr int any_number = std::numeric_limits<int>::max();
  const Program program = input_of(
                              "shootdown 2\nmachine cpus 1, pages 1, words 1\ncpu 0: store page 0 word 0\n"
                              "cpu 0: munmap page 0\n")
                              .document.program;
  std::uint64_t before = 0;
  for (const std::initializer_list<Freedom> freedoms : {std::initializer_list<Freedom>{}, {Freedom::fail}}) {
    Explorer explorer(engine("delayed_rmap"), program, settings_of(freedoms, {}, any_number));
    BOOST_TEST((explorer.search(no_limit) == State::exhausted));
    BOOST_TEST(explorer.states() > before);
    before = explorer.states();
  }
}

// With snapshots or from the beginning, in this order or the other.
BOOST_AUTO_TEST_CASE(whichever_way_it_searches_it_comes_to_the_same) {
  if (!Simulation::can_save) return;
  const Program program = input_of(lost_write_in_order).document.program;
  ExplorerSettings settings = settings_of({Freedom::preempt, Freedom::late, Freedom::evict}, {}, 2);
  const auto search = [&](std::uint64_t& digest) {
    Explorer explorer(engine("eager_dirty"), program, settings);
    BOOST_TEST((explorer.search(no_limit) == State::bound_reached));
    digest = explorer.digest();
    return std::pair(explorer.states(), explorer.runs());
  };
  std::uint64_t digest = 0;
  std::uint64_t other = 0;
  const auto usual = search(digest);
  BOOST_TEST(usual.first > 1000U);
  settings.snapshots = false;
  BOOST_TEST((search(other) == usual));
  BOOST_TEST(other == digest);
  for (const bool snapshots : {false, true}) {
    settings.snapshots = snapshots;
    settings.backwards = true;
    BOOST_TEST(search(other).first == usual.first);
    BOOST_TEST(other == digest);
  }
  settings.seed = 1;
  BOOST_TEST(search(other).first == usual.first);
  BOOST_TEST(other != digest);
}

// All that a search says.
struct Found {
  State state;
  int exceptions;
  std::uint64_t states;
  std::uint64_t digest;
  std::uint64_t digests;
  OracleSet broken;
  std::string counterexample;

  bool operator==(const Found&) const = default;
};

Found found_by(Explorer& explorer, std::uint64_t portion = no_limit) {
  State state = State::goes_on;
  while (state == State::goes_on) state = explorer.search(portion);
  const bool broken = state == State::broken;
  return {state,
          explorer.exceptions(),
          explorer.states(),
          explorer.digest(),
          explorer.digests(),
          broken ? explorer.broken() : OracleSet(),
          broken ? print(explorer.counterexample()) : ""};
}

constexpr std::string_view three_cpus =
    "shootdown 2\n"
    "machine cpus 3, pages 1, words 1\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "cpu 2: load page 0 word 0\n";

// As if there were one: which schedule is said to come to a state does not depend on who is faster.
BOOST_AUTO_TEST_CASE(several_workers_come_to_the_same) {
  const auto search = [](const Engine& subject, const Program& program, ExplorerSettings settings) {
    Explorer one(subject, program, settings);
    const Found found = found_by(one);
    for (const int workers : {2, 3}) {
      settings.workers = workers;
      Explorer several(subject, program, settings);
      BOOST_TEST((found_by(several, 500) == found));
    }
    return found;
  };
  struct Subject {
    std::string_view program;
    std::string_view engine;
    bool backwards;
  };
  constexpr Subject subjects[] = {{lost_write_in_order, "delayed_rmap", false},
                                  {lost_write_in_order, "eager_dirty", true},
                                  {two_loads, "eager_dirty", false},
                                  {three_cpus, "deferred_dirty", false}};
  for (const auto& [text, name, backwards] : subjects) {
    const Program program = input_of(text).document.program;
    ExplorerSettings settings = settings_of({Freedom::preempt, Freedom::late}, {}, Simulation::can_save ? 2 : 1);
    settings.backwards = backwards;
    const Found all = search(engine(name), program, settings);
    BOOST_TEST((all.state == State::bound_reached));
    BOOST_TEST(all.states > 1U);
    // What is broken.
    settings.oracles = OracleSet::all();
    search(engine(name), program, settings);
  }
  const Found lost = search(engine("eager_dirty"), input_of(lost_write_in_order).document.program,
                            settings_of({Freedom::preempt}, OracleSet::only(OracleId::lost_dirty_data), 2));
  BOOST_TEST((lost.state == State::broken));
  BOOST_TEST(lost.exceptions == 1);
}

// Schedules that are not run because it is known where they lead would have found nothing.
BOOST_AUTO_TEST_CASE(what_is_foreseen_comes_so) {
  if (!Simulation::can_save) return;
  std::uint64_t runs[2]{};
  for (const Engine* const subject : model_engines()) {
    for (const std::string_view text : {lost_write_in_order, two_loads, three_cpus}) {
      const Program program = input_of(text).document.program;
      ExplorerSettings settings =
          settings_of({Freedom::preempt, Freedom::late, Freedom::evict, Freedom::fill, Freedom::fail}, {}, 2);
      const auto search = [&](bool foresees) {
        settings.foresees = foresees;
        Explorer explorer(*subject, program, settings);
        Found found = found_by(explorer);
        runs[foresees] += explorer.runs();
        found.digests = 0;
        return found;
      };
      BOOST_TEST((search(true) == search(false)), subject->name() << " on " << text);
    }
  }
  BOOST_TEST(runs[true] < runs[false]);
}

BOOST_AUTO_TEST_CASE(workers_pass_over_what_is_not_wanted) {
  ExplorerSettings settings = settings_of({Freedom::preempt}, OracleSet::only(OracleId::lost_dirty_data), 1);
  settings.workers = 2;
  settings.wanted = [](const Report& /*report*/) { return false; };
  Explorer none(engine("eager_dirty"), input_of(lost_write_in_order).document.program, settings);
  BOOST_TEST((none.search(no_limit) == State::bound_reached));
}

// Each has another place in memory.
BOOST_AUTO_TEST_CASE(states_have_the_same_digests_wherever_they_lie) {
  for (const std::string_view name : {"delayed_rmap", "eager_dirty", "deferred_dirty"}) {
    const ExplorerSettings settings =
        settings_of({Freedom::preempt, Freedom::late, Freedom::evict, Freedom::fill, Freedom::fail}, {}, 2);
    const Program program = input_of(lost_write_in_order).document.program;
    Explorer first(engine(name), program, settings);
    Explorer second(engine(name), program, settings);
    BOOST_TEST((!Simulation::can_save || first.fingerprint() == second.fingerprint()));
    for (int i = 0; i < 100; ++i) {
      BOOST_TEST((first.search(1) == second.search(1)));
      BOOST_TEST(first.digest() == second.digest());
    }
  }
}

// What a kernel keeps elsewhere than in the arena is a part of the state, and goes back with it.
BOOST_AUTO_TEST_CASE(memory_that_is_elsewhere_is_searched_like_any_other) {
  if (!Simulation::can_save) return;
  const ElsewhereEngine elsewhere;
  constexpr std::string_view machine = "shootdown 2\nmachine cpus 2, pages 2, words 1\n";
  const auto search = [&](std::string_view operations, bool merges, bool snapshots) {
    const Program program = input_of(std::string(machine) + std::string(operations)).document.program;
    ExplorerSettings settings = settings_of({Freedom::preempt}, {}, 2);
    settings.merges = merges;
    settings.snapshots = snapshots;
    Ends ends;
    settings.observer = &ends;
    Explorer explorer(elsewhere, program, settings);
    BOOST_TEST((explorer.search(no_limit) == State::bound_reached));
    return std::tuple(ends.worlds.size(), explorer.states(), explorer.runs(), explorer.digest());
  };
  // Where the order is written down, each makes another end: three of one CPU, in which three of the other stand behind any
  // of them, in one piece or in two.
  constexpr std::string_view ordered = "cpu 0: dontneed page 1\ncpu 1: dontneed page 1\n";
  const auto usual = search(ordered, true, true);
  BOOST_TEST(std::get<0>(usual) == 10U);
  BOOST_TEST((search(ordered, true, false) == usual));
  BOOST_TEST(std::get<0>(search(ordered, false, true)) == 10U);
  BOOST_TEST((search(ordered, false, false) == search(ordered, false, true)));
  // Where it is not, all end in one, and ways that meet are gone on with once.
  constexpr std::string_view counted = "cpu 0: dontneed page 0\ncpu 1: dontneed page 0\n";
  const auto merged = search(counted, true, true);
  BOOST_TEST(std::get<0>(merged) == 1U);
  BOOST_TEST((search(counted, true, false) == merged));
  BOOST_TEST(std::get<1>(search(counted, false, true)) > std::get<1>(merged));
}

BOOST_AUTO_TEST_CASE(what_it_finds_does_not_depend_on_the_order) {
  const Program program = input_of(lost_write_in_order).document.program;
  const OracleSet oracles = OracleSet::only(OracleId::lost_dirty_data);
  ExplorerSettings settings = settings_of({Freedom::preempt}, oracles, 2);
  for (const bool backwards : {false, true}) {
    settings.backwards = backwards;
    Explorer explorer(engine("eager_dirty"), program, settings);
    BOOST_TEST((explorer.search(no_limit) == State::broken));
    BOOST_TEST(explorer.exceptions() == 1);
  }
}

BOOST_AUTO_TEST_CASE(late_interrupts_are_exceptions) {
  const Input input = input_of(
      "shootdown 2\nmachine cpus 2, pages 1, words 1\ncpu 0: store page 0 word 0\ncpu 1: dontneed page 0\n"
      "cpu 0: store page 0 word 0\n");
  const auto runs = [&](std::initializer_list<Freedom> freedoms) {
    Explorer explorer(engine("eager_dirty"), input.document.program, settings_of(freedoms, {}, 1));
    explorer.search(no_limit);
    return explorer.runs();
  };
  BOOST_TEST(runs({Freedom::late}) > 1U);
  BOOST_TEST(runs({Freedom::preempt, Freedom::late}) == runs({Freedom::preempt}) + runs({Freedom::late}) - 1);
}

BOOST_AUTO_TEST_CASE(what_is_left_of_a_page_table_is_walked) {
  const Program program = input_of(
                              "shootdown 2\nmachine cpus 2, mms 1, pages 2, words 1\ncpu 1: load page 0 word 0\n"
                              "cpu 1: idle\ncpu 0: munmap pages 0-1\n")
                              .document.program;
  const Engine& ranges = engine("delayed_rmap_ranges");
  ExplorerSettings settings = settings_of({Freedom::preempt, Freedom::fill}, claims_of(ranges), 2);
  Explorer none(ranges, program, settings);
  BOOST_TEST((none.search(no_limit) == State::bound_reached));
  settings.defect = Defect::tables_not_noted;
  Explorer explorer(ranges, program, settings);
  BOOST_TEST((explorer.search(no_limit) == State::broken));
  BOOST_TEST(explorer.exceptions() == 2);
  BOOST_TEST(explorer.broken().contains(OracleId::stale_access));
}

BOOST_AUTO_TEST_CASE(it_stops_when_its_memory_is_full) {
  const Program program = input_of(lost_write_in_order).document.program;
  ExplorerSettings settings = settings_of({Freedom::preempt}, {}, max_exceptions);
  settings.memory = 1;
  Explorer explorer(engine("eager_dirty"), program, settings);
  BOOST_TEST((explorer.search(no_limit) == State::out_of_memory));
  BOOST_TEST(explorer.exceptions() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
