// What each part looks at, and what it makes of what it finds.
#include "fuzz/check/parts.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/check/check_engine.h"
#include "fuzz/replay/replay.h"
#include "test/inputs.h"
#include "test/output.h"
#include "test/stories.h"
#include "test/trouble_engine.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

namespace {

struct Checking {
  EngineChecked checked;
  File file{std::tmpfile()};
  Output out{file.get()};
  HeldSignals signals;
  Crew crew{2, signals, out};

  explicit Checking(const Engine& engine = eager_dirty(), Defect defect = Defect::none) {
    checked.settings = {.engine = &engine,
                        .demanded = claims_of(engine),
                        .defect = defect,
                        .calls = {Call::store, Call::munmap},
                        .memory = std::uint64_t{1} << 28U,
                        .processes = 2};
    checked.settings.freedoms.insert(Freedom::preempt);
  }
};

Input named(std::string name, std::string_view text) {
  Input input = input_of(text);
  input.name = std::move(name);
  return input;
}

OracleSet set_of(std::string_view names) {
  return std::get<OracleSet>(select_oracles(names, eager_dirty()));
}

CheckClock::time_point in_seconds(double seconds) {
  return CheckClock::now() + duration_of(seconds);
}

constexpr std::string_view zap = "shootdown 2\ncpu 0: store page 0 word 0\ncpu 0: dontneed page 0\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(parts)

BOOST_AUTO_TEST_CASE(programs_of_the_corpus_do_what_they_expect_or_it_is_noted) {
  Checking checking;
  const std::vector<Input> corpus{named("lost", lost_write), named("harmless", harmless),
                                  named("wrong", "shootdown 2\nexpect eager_dirty breaks counts\ncpu 0: exit\n")};
  check_corpus(checking.checked, corpus, checking.crew);
  const CorpusChecked& found = checking.checked.corpus;
  BOOST_TEST(found.programs == 3U);
  BOOST_TEST(found.refused == 0U);
  BOOST_TEST_REQUIRE(found.surprises.size() == 1U);
  BOOST_TEST(found.surprises[0].name == "wrong");
  BOOST_TEST((found.surprises[0].held == set_of("counts")));
  BOOST_TEST((checking.checked.breaches.oracles() ==
              set_of("page-cache-contents,lost-dirty-data,fsync-durability,dirty-unmapped")));
  BOOST_TEST(checking.checked.breaches.of(OracleId::lost_dirty_data).front().origin == "lost");
}

BOOST_AUTO_TEST_CASE(what_the_engine_refuses_is_counted) {
  const UnwillingEngine engine("eager_dirty");
  Checking checking(engine);
  check_corpus(checking.checked, {named("one", zap), named("other", lost_write)}, checking.crew);
  BOOST_TEST(checking.checked.corpus.refused == 2U);
  BOOST_TEST_REQUIRE(checking.checked.corpus.surprises.size() == 1U);  // it expects something
  BOOST_TEST(checking.checked.corpus.surprises[0].refused);
  check_stories(checking.checked, {named("one", zap)}, checking.crew, in_seconds(10));
  BOOST_TEST(checking.checked.stories.programs == 0U);
}

BOOST_AUTO_TEST_CASE(an_engine_that_fails_fails_alone) {
  const TroubleEngine engine;
  Checking checking(engine);
  const auto dontneed = [](int page) {
    return named("page " + std::to_string(page),
                 "shootdown 2\nmachine pages 8\ncpu 0: dontneed page " + std::to_string(page) + "\n");
  };
  check_corpus(checking.checked, {dontneed(0), dontneed(1), dontneed(2), dontneed(0)}, checking.crew);
  BOOST_TEST(checking.checked.corpus.programs == 2U);
  BOOST_TEST(checking.checked.failed == 2U);
  BOOST_TEST_REQUIRE(checking.checked.failures.size() == 2U);
  check_stories(checking.checked, {dontneed(1)}, checking.crew, in_seconds(10));
  BOOST_TEST(checking.checked.failed == 3U);
  BOOST_TEST(checking.checked.failures.back().where == "all schedules of page 1");
  BOOST_TEST(contains(checking.checked.failures.back().message, "check failed"));
}

BOOST_AUTO_TEST_CASE(all_schedules_of_stories_are_searched) {
  Checking checking;
  constexpr std::string_view few = "shootdown 2\nmachine cpus 2, pages 1, words 1\ncpu 0: idle\n";
  std::vector<Input> corpus{named("corpus/few.program", few), named("corpus/zap.program", lost_write),
                            named("corpus/regressions/zap.program", zap), named("corpus/encoded", zap)};
  corpus.back().text = false;
  check_stories(checking.checked, corpus, checking.crew, in_seconds(10));
  BOOST_TEST(checking.checked.stories.programs == 2U);
  BOOST_TEST(checking.checked.stories.holds >= 1U);  // with sanitizers there are too many schedules of the other
  BOOST_TEST(checking.checked.stories.breaking == 1U);
  BOOST_TEST_REQUIRE(!checking.checked.breaches.of(OracleId::lost_dirty_data).empty());
  const Breach breach = checking.checked.breaches.of(OracleId::lost_dirty_data).front();
  BOOST_TEST((breach.part == CheckPart::stories));
  BOOST_TEST(breach.origin == "corpus/zap.program");
}

BOOST_AUTO_TEST_CASE(all_small_programs_are_searched) {
  Checking checking(delayed_rmap(), Defect::rss_counted_twice);
  check_programs(checking.checked, checking.crew, in_seconds(3));
  const std::vector<SmallPrograms>& found = checking.checked.programs;
  BOOST_TEST_REQUIRE(!found.empty());
  BOOST_TEST(found[0].operations == 2);
  // Two of one operation; four of two on one CPU; on two CPUs three that differ.
  BOOST_TEST(found[0].tally.programs == 9U);
  BOOST_TEST_REQUIRE(!checking.checked.breaches.of(OracleId::counts).empty());
  const Breach breach = checking.checked.breaches.of(OracleId::counts).front();
  BOOST_TEST((breach.part == CheckPart::programs));
  BOOST_TEST(breach.origin == "store page 0 word 0 | nothing");
  if (!Simulation::can_save) return;  // there are far too many schedules
  BOOST_TEST(found[0].tally.is_complete());
  BOOST_TEST_REQUIRE(found.size() > 1);
  BOOST_TEST(found[1].operations == 3);
  BOOST_TEST((found[1].exceptions == 1));
  BOOST_TEST(found[1].tally.programs == 8U + 8U);  // all on one CPU, or one on the other
}

BOOST_AUTO_TEST_CASE(mutants_are_run_until_time_is_over) {
  Checking checking(delayed_rmap(), Defect::rss_counted_twice);
  check_mutants(checking.checked, {named("zap", zap)}, checking.crew, in_seconds(1));
  BOOST_TEST(checking.checked.mutants.runs > 0U);
  BOOST_TEST(checking.checked.failed == 0U);
  BOOST_TEST_REQUIRE(!checking.checked.breaches.of(OracleId::counts).empty());
  BOOST_TEST(contains(checking.checked.breaches.of(OracleId::counts).front().origin, " of seed 1"));
}

BOOST_AUTO_TEST_CASE(a_mutant_on_which_shootdown_fails_is_found) {
  // Fails where the first page is zapped.
  class FragileEngine final : public ZapEngine {
   public:
    std::string_view name() const override { return "fragile"; }
    std::string_view summary() const override { return "for tests"; }
    std::span<const NotClaimed> not_claimed() const override { return {}; }
    void zap_page_range(Task& /*current*/, Vma& /*vma*/, int page, int /*end*/,
                        const ZapDetails& /*details*/) const override {
      SHOOTDOWN_CHECK(page != 0);
    }
    void unmap_region(Task& /*current*/, std::span<Vma* const> /*vmas*/) const override {}
    void exit_mmap(Task& /*current*/) const override {}
  };
  const FragileEngine engine;
  Checking checking(engine);
  check_mutants(checking.checked, {named("zap", zap)}, checking.crew, in_seconds(1));
  BOOST_TEST(checking.checked.failed > 0U);
  BOOST_TEST_REQUIRE(!checking.checked.failures.empty());
  BOOST_TEST(checking.checked.failures[0].where.starts_with("mutant "));
  BOOST_TEST(contains(checking.checked.failures[0].message, "check failed"));
}

BOOST_AUTO_TEST_CASE(linux_is_compared_where_there_is_one) {
  Checking checking;
  check_linux(checking.checked, {named("zap", zap)}, checking.crew, in_seconds(1));
  BOOST_TEST(checking.checked.linux_code.size() == models_of_linux().size());
  for (const LinuxCompared& compared : checking.checked.linux_code) {
    BOOST_TEST(compared.programs > 0U);
    BOOST_TEST(compared.different == 0U, compared.first);
  }
}

BOOST_AUTO_TEST_CASE(of_what_is_broken_the_smallest_program_is_shown) {
  Checking checking;
  check_corpus(checking.checked, {named("lost", lost_write)}, checking.crew);
  judge(checking.checked, checking.crew);
  BOOST_TEST_REQUIRE(checking.checked.guarantees.size() == oracle_count);
  for (const Guarantee& guarantee : checking.checked.guarantees) {
    const bool broken = checking.checked.breaches.oracles().contains(guarantee.oracle);
    BOOST_TEST((guarantee.standing == (broken ? Standing::broken : Standing::held)));  // nothing was proved
    BOOST_TEST(guarantee.breach.has_value() == broken);
  }
  const Guarantee& lost = checking.checked.guarantees[static_cast<std::size_t>(OracleId::lost_dirty_data)];
  BOOST_TEST(!lost.claimed);
  BOOST_TEST(!lost.demanded);
  BOOST_TEST(contains(lost.why_not_claimed, "Nadav Amit"));
  const Program small = input_of(smallest_lost_write).document.program;
  BOOST_TEST(lost.breach->program == encode(small), boost::test_tools::per_element());
  BOOST_TEST(lost.breach->operations == 4);
  BOOST_TEST(lost.breach->exceptions == 1);
  BOOST_TEST(lost.breach->is_repeatable);
  BOOST_TEST(contains(lost.breach->fact, "page 0 of file 0 is let go of clean"));
}

BOOST_AUTO_TEST_CASE(a_signal_leaves_what_there_is) {
  const pid_t child = ::fork();
  if (child == 0) {
    Checking checking;
    ::raise(SIGINT);
    checking.checked.settings.seconds = 60;
    const EngineChecked checked =
        check_engine(checking.checked.settings, {named("zap", zap)}, checking.signals, checking.out);
    const bool right = checked.interrupted && !checked.is_decided() && checked.guarantees.size() == oracle_count;
    std::_Exit(right ? 0 : 1);
  }
  int status = 0;
  BOOST_TEST(::waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
