// Every planted mistake is caught that can be, by what the corpus and its mutants show; and no other is.
#include "fuzz/scoreboard/defect_search.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "test/output.h"
#include "test/samples.h"
#include "test/silent_engine.h"
#include "test/trouble_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(defect_search)

namespace {

// More than the slowest takes now; it is spent in full on each that cannot be caught.
constexpr std::size_t most_runs = 1500;

std::vector<CorpusProgram> whole_corpus() {
  std::variant<std::vector<CorpusProgram>, InputError> programs = load_programs("corpus", model_engines());
  BOOST_TEST_REQUIRE(std::holds_alternative<std::vector<CorpusProgram>>(programs));
  return std::get<std::vector<CorpusProgram>>(std::move(programs));
}

SearchResult search_for(const DefectInfo& defect, CorpusAndMutants programs, std::size_t limit) {
  return DefectSearch(defect.id, engines_for(defect), std::move(programs)).run(limit);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_can_be_detected_is_and_nothing_else) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  int number = 0;
  for (const DefectInfo& defect : all_defects()) {
    if (number++ % one_in != 0) continue;
    const bool expected = defect.engine != no_engine;
    // What can be seen, a story of the corpus shows.
    const std::size_t runs = expected ? corpus.size() * engines_for(defect).size() : most_runs;
    const SearchCounts counts = search_for(defect, {corpus, 0}, runs).counts;
    const BrokenRun& detected = counts.detected;
    if (detected) {
      BOOST_TEST_MESSAGE(defect.name << ": " << engines_for(defect)[detected.engine]->name() << " breaks "
                                     << oracle_name(detected.oracle) << " after " << counts.runs << " runs");
      BOOST_TEST(counts.triggered != 0U);
      BOOST_TEST(counts.triggered <= detected.run);
      BOOST_TEST(counts.reached <= counts.triggered);
    }
    BOOST_TEST(counts.false_alarms == 0U, defect.name);
    BOOST_TEST(static_cast<bool>(detected) == expected,
               defect.name << (expected ? " is shown by no story" : " is detected"));
  }
}

BOOST_AUTO_TEST_CASE(a_mistake_is_detected_with_no_program_to_begin_with) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  CorpusAndMutants programs(corpus, {}, 1);
  BOOST_TEST(
      static_cast<bool>(search_for(*find_defect("rss-counted-twice"), std::move(programs), 1000).counts.detected));
}

BOOST_AUTO_TEST_CASE(a_search_that_finds_nothing_has_made_all_its_runs) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const SearchResult result = search_for(*find_defect("mkclean-result-dropped"), {corpus, 0}, 7);
  BOOST_TEST(!result.counts.detected);
  BOOST_TEST(result.counts.runs == 7U);
  BOOST_TEST(result.counts.reached == 1U);
  BOOST_TEST(result.failures == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_not_reached_is_a_run_without_the_mistake) {
  const std::vector<CorpusProgram> corpus{{"empty", {}}};
  const DefectInfo& defect = *find_defect("lookup-not-repeated");
  const std::size_t engines = engines_for(defect).size();
  const SearchCounts counts = search_for(defect, {corpus, 0}, engines).counts;
  BOOST_TEST(counts.reached == 0U);
  BOOST_TEST(counts.triggered == 0U);
  BOOST_TEST(counts.runs_without == engines);
  BOOST_TEST(counts.false_alarms == 0U);
}

// An engine that breaks what it claims whether or not a mistake is made.
BOOST_AUTO_TEST_CASE(a_program_of_the_corpus_is_run_on_each_engine_and_a_mutant_on_one) {
  BOOST_TEST(program_of_run(1, 2, 3) == 0U);
  BOOST_TEST(program_of_run(3, 2, 3) == 0U);
  BOOST_TEST(program_of_run(4, 2, 3) == 1U);
  BOOST_TEST(program_of_run(6, 2, 3) == 1U);
  BOOST_TEST(program_of_run(7, 2, 3) == 2U);
  BOOST_TEST(program_of_run(8, 2, 3) == 3U);
}

BOOST_AUTO_TEST_CASE(what_breaks_without_a_mistake_is_a_false_alarm) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const SilentEngine wrong(eager_dirty(), kind_of<event::MarkAccessed>);
  const SearchResult result = DefectSearch(Defect::none, {&wrong}, CorpusAndMutants(corpus, 0)).run(corpus.size());
  const SearchCounts& counts = result.counts;
  BOOST_TEST(!counts.detected);
  BOOST_TEST(counts.runs == corpus.size());
  BOOST_TEST(counts.runs_without == corpus.size());
  BOOST_TEST(counts.false_alarms != 0U);
  BOOST_TEST(counts.false_alarms < corpus.size());
  BOOST_TEST_REQUIRE(counts.false_alarm.run != 0U);
  BOOST_TEST((result.false_alarm == corpus[counts.false_alarm.run - 1].encoded));
}

BOOST_AUTO_TEST_CASE(runs_in_which_shootdown_fails_are_passed_over) {
  std::vector<CorpusProgram> corpus;
  for (const int page : {0, 0, 1, 0, 0, 2, 2, 0}) {
    const std::string bytes = trouble(page);
    corpus.push_back({"some", {bytes.begin(), bytes.end()}});
  }
  const TroubleEngine engine;
  DefectSearch search(Defect::none, {&engine}, CorpusAndMutants(corpus, 0));
  const SearchResult& result = search.run(corpus.size());
  BOOST_TEST(result.counts.runs == corpus.size());
  BOOST_TEST(result.counts.runs_without == 5U);
  BOOST_TEST(result.failures == 3U);
  BOOST_TEST(contains(result.failed, "page == 0"), result.failed);
}

BOOST_AUTO_TEST_CASE(programs_that_bring_something_new_are_kept_the_same_ones_each_time) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const auto kept_of = [&](const Engine& engine) {
    DefectSearch search(Defect::none, {&engine}, CorpusAndMutants(corpus, 0));
    search.run(corpus.size());
    BOOST_TEST(search.kept() == 0U);  // they are there already
    search.run(corpus.size() + 400);
    return search.kept();
  };
  const std::size_t kept = kept_of(eager_dirty());
  BOOST_TEST(kept != 0U);
  BOOST_TEST(kept < 400U);
  BOOST_TEST(kept_of(eager_dirty()) == kept);
}

BOOST_AUTO_TEST_CASE(what_was_learnt_outlives_the_process_that_learnt_it) {
  const std::vector<CorpusProgram> nothing;
  const TroubleEngine engine;
  DefectSearch search(Defect::none, {&engine}, CorpusAndMutants(nothing, 0));
  std::uint64_t failures = 0;
  std::size_t kept = 0;
  for (std::size_t runs = 10; failures == 0 || kept == 0; runs += 10) {
    kept = search.kept();
    failures = search.run(runs).failures;
    BOOST_TEST_REQUIRE(search.kept() >= kept);
  }
}

BOOST_AUTO_TEST_CASE(the_programs_that_expose_a_mistake_are_all_found) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const DefectInfo& defect = *find_defect("fsync-skips-writeback");
  const std::vector<std::size_t> found = exposing(defect, corpus);
  BOOST_TEST(!found.empty());
  BOOST_TEST(found.size() < corpus.size());
  const std::vector<const Engine*> engines = engines_for(defect);
  for (std::size_t number = 0; number < corpus.size(); number += one_in) {
    DefectSearch alone(defect.id, engines, CorpusAndMutants(corpus, {number}, 0));
    const bool shows = static_cast<bool>(alone.run(engines.size()).counts.detected);
    const bool named = std::ranges::find(found, number) != found.end();
    BOOST_TEST(shows == named, corpus[number].name);
  }
  BOOST_TEST(exposing(*find_defect("mkclean-result-dropped"), corpus).empty());
}

BOOST_AUTO_TEST_SUITE_END()
