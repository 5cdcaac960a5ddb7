// Searches by libFuzzer: around a script that stands for its targets; and with them, where they are built.
#include "fuzz/scoreboard/libfuzzer_search.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "test/files.h"
#include "test/inputs.h"
#include "test/output.h"
#include "test/stories.h"

using namespace shootdown;
namespace fs = std::filesystem;

namespace {

struct Folder : TemporaryFolder {
  Folder() {
    ::setenv("TEST_FOLDER", path().c_str(), 1);
    for (const Engine* const engine : engines()) target(*engine, done(1000));
    write("found", encoded("shootdown 2\ncpu 0: store page 0 word 0\ncpu 0: dontneed page 0\n"));
  }
  ~Folder() { ::unsetenv("TEST_FOLDER"); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  static std::vector<const Engine*> engines() { return {&eager_dirty(), &deferred_dirty()}; }

  // Notes how it was called, and then does this.
  void target(const Engine& engine, const std::string& script) const {
    const std::string text = fmt::format(
        "#!/bin/bash\necho \"$@\" >>\"$TEST_FOLDER/calls\"\nls seeds | wc -l >\"$TEST_FOLDER/seeds\"\n"
        "echo \"$SHOOTDOWN_DEFECT $SHOOTDOWN_ORACLES\" >\"$TEST_FOLDER/environment\"\n{}\n",
        script);
    fs::permissions(write(fmt::format("targets/fuzz_{}", engine.name()), text), fs::perms::owner_all);
  }
  static std::string done(int runs) { return fmt::format("echo stat::number_of_executed_units: {}", runs); }
  // Finds the file `found`.
  static std::string finds(const Engine& engine, int runs, std::string_view file = "found") {
    return fmt::format(
        "echo 'shootdown: {} with a mistake breaks luck: page 3'\n{}\ncp \"$TEST_FOLDER/{}\" artifact\nexit 77",
        engine.name(), done(runs), file);
  }

  SearchResult search(std::uint64_t runs = 2000) const {
    const std::vector<CorpusProgram> corpus{{"one", {}}, {"two", {}}};
    const HeldSignals signals;
    return search_by_libfuzzer({.folder = path("targets"), .flags = {"-entropic=0"}}, Defect::rss_counted_twice,
                               engines(), CorpusAndMutants(corpus, 7), 7, runs, signals);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(libfuzzer_search, Folder)

BOOST_AUTO_TEST_CASE(each_target_gets_its_part_of_the_runs) {
  const SearchResult result = search();
  BOOST_TEST(!result.counts.detected);
  BOOST_TEST(result.counts.runs == 2000U);
  BOOST_TEST(result.failures == 0U);
  const std::string call =
      "-seed=7 -runs=1000 -max_len=512 -timeout=30 -print_final_stats=1 -exact_artifact_path=artifact -entropic=0 kept "
      "seeds\n";
  BOOST_TEST(read("calls") == call + call);
  BOOST_TEST(read("seeds") == "2\n");
  BOOST_TEST(read("environment") == "rss-counted-twice claims\n");
}

BOOST_AUTO_TEST_CASE(the_first_find_counts_as_if_they_had_run_in_turn) {
  target(eager_dirty(), finds(eager_dirty(), 40));
  const SearchResult result = search();
  BOOST_TEST(result.counts.detected.run == 80U);
  BOOST_TEST(result.counts.detected.engine == 0U);
  BOOST_TEST(oracle_name(result.counts.detected.oracle) == "counts");
  BOOST_TEST(result.counts.runs == 80U);
  BOOST_TEST(contains(read("calls"), "-runs=40 "), read("calls"));

  // The other one is better.
  target(deferred_dirty(), finds(deferred_dirty(), 30));
  const SearchResult better = search();
  BOOST_TEST(better.counts.detected.run == 60U);
  BOOST_TEST(better.counts.detected.engine == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_replay_does_not_confirm_is_a_failure) {
  write("harmless", encoded("shootdown 2\ncpu 0: exit\n"));
  target(eager_dirty(), finds(eager_dirty(), 40, "harmless"));
  const SearchResult result = search();
  BOOST_TEST(!result.counts.detected);
  BOOST_TEST(result.failures == 1U);
  BOOST_TEST(result.failed == "what a target has found breaks nothing here");
}

// With what is left of the runs; but not for ever.
BOOST_AUTO_TEST_CASE(after_another_end_a_target_is_started_again) {
  const std::string fails = "echo 'shootdown: internal error: x.cpp:3: check failed'\n" + done(5) + "\nexit 77";
  target(eager_dirty(), "if [[ ! -e $TEST_FOLDER/again ]]; then\n: >$TEST_FOLDER/again\n" + fails + "\nfi\n" +
                            finds(eager_dirty(), 40));
  const SearchResult result = search();
  BOOST_TEST(result.counts.detected.run == 90U);
  BOOST_TEST(result.failures == 1U);
  BOOST_TEST(result.failed == "internal error: x.cpp:3: check failed");
  BOOST_TEST(contains(read("calls"), "-seed=1000007 -runs=995 "), read("calls"));

  target(eager_dirty(), fails);
  const SearchResult never = search();
  BOOST_TEST(!never.counts.detected);
  BOOST_TEST(never.failures == 20U);
}

BOOST_AUTO_TEST_CASE(a_target_that_cannot_be_run_ends_it) {
  for (const char* const script : {"exit 3", "echo no luck; kill -9 $$"}) {
    target(deferred_dirty(), script);
    BOOST_CHECK_EXCEPTION(search(), std::runtime_error, [](const std::runtime_error& error) {
      return contains(error.what(), "targets/fuzz_deferred_dirty: ");
    });
  }
}

#ifdef SHOOTDOWN_FUZZ_TARGET
BOOST_AUTO_TEST_CASE(with_libfuzzer_itself) {
  const std::vector<CorpusProgram> corpus;
  const HeldSignals signals;
  const LibFuzzerTargets targets{.folder = fs::path(SHOOTDOWN_FUZZ_TARGET).parent_path(), .flags = {"-entropic=0"}};
  const std::vector<const Engine*> engines{&eager_dirty()};
  const CorpusAndMutants programs(corpus, 1);
  const SearchResult result =
      search_by_libfuzzer(targets, Defect::rss_counted_twice, engines, programs, 1, 20000, signals);
  BOOST_TEST(static_cast<bool>(result.counts.detected), result.failed);
  BOOST_TEST(result.counts.cpu_time != 0U);
  const SearchResult nothing = search_by_libfuzzer(targets, Defect::none, engines, programs, 1, 300, signals);
  BOOST_TEST(!nothing.counts.detected);
  BOOST_TEST(nothing.counts.runs_without >= 300U);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
