// How often a selectively uniform random walk makes which orders.
#include "engine/sched/surw.h"

#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "test/script.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(surw)

namespace {

constexpr event::ClearEntry interesting{.mm = 0, .page = 0};
constexpr event::FsyncBegins dull{.file = 0, .first = 0, .count = 1};
constexpr int runs_of_each = 400;

// The script's logs, and how often each of them is made in so many runs. CPU n makes `counts[n]` interesting steps.
std::map<std::string, int> logs(Script& script, const std::vector<std::uint32_t>& counts, int runs) {
  StepCounts steps;
  for (std::size_t cpu = 0; cpu < counts.size(); ++cpu) steps.cpus[cpu][kind_of<event::ClearEntry>] = counts[cpu];
  std::map<std::string, int> logs;
  for (int seed = 0; seed < runs; ++seed) {
    script.log.clear();
    Surw chooser(static_cast<std::uint64_t>(seed), steps);
    BOOST_REQUIRE((script.run(static_cast<int>(counts.size()), chooser, 1000) == Outcome::completed));
    ++logs[script.log];
  }
  return logs;
}

// All of them are made, each as often as the others: a quarter more or less is five standard deviations.
void check_uniform(const std::map<std::string, int>& logs, std::size_t all) {
  BOOST_TEST(logs.size() == all);
  for (const auto& [log, times] : logs) {
    BOOST_TEST(times > runs_of_each * 3 / 4, log);
    BOOST_TEST(times < runs_of_each * 5 / 4, log);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_order_of_interesting_steps_is_as_likely) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < (cpu == 0 ? 3 : 2); ++i) script.step(interesting, std::to_string(cpu));
  };
  check_uniform(logs(script, {3, 2}, 10 * runs_of_each), 10);
}

BOOST_AUTO_TEST_CASE(of_three_cpus_too) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < (cpu == 2 ? 2 : 1); ++i) script.step(interesting, std::to_string(cpu));
  };
  check_uniform(logs(script, {1, 1, 2}, 12 * runs_of_each), 12);
}

// Whoever has few steps comes late as often as early; in a random walk it would come among the first.
BOOST_AUTO_TEST_CASE(who_makes_few_of_them_comes_as_late_as_anybody) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < (cpu == 0 ? 1 : 9); ++i) script.step(interesting, std::to_string(cpu));
  };
  check_uniform(logs(script, {1, 9}, 10 * runs_of_each), 10);
}

BOOST_AUTO_TEST_CASE(steps_that_are_not_interesting_make_no_difference) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < (cpu == 0 ? 3 : 2); ++i) {
      for (int k = 0; k < 5 * cpu; ++k) script.step(dull, "");
      script.step(interesting, std::to_string(cpu));
    }
  };
  check_uniform(logs(script, {3, 2}, 10 * runs_of_each), 10);
}

BOOST_AUTO_TEST_CASE(counts_that_are_wrong_stop_nobody) {
  Script script;
  script.body = [&](int cpu) {
    for (int i = 0; i < 3; ++i) script.step(interesting, std::to_string(cpu));
  };
  BOOST_TEST(logs(script, {1, 1}, 1000).size() == 20U);
  BOOST_TEST(logs(script, {4, 1}, 1000).size() == 20U);
  // Nothing is interesting: whoever runs goes on.
  BOOST_TEST(logs(script, {0, 0}, 1000).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
