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

SearchResult search_for(const DefectInfo& defect, const CorpusAndMutants& programs, std::size_t limit) {
  return DefectSearch(defect.id, engines_for(defect), programs).run(limit);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_can_be_detected_is_and_nothing_else) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const CorpusAndMutants programs(corpus, 0);
  int number = 0;
  for (const DefectInfo& defect : all_defects()) {
    if (number++ % one_in != 0) continue;
    const bool expected = defect.engine != no_engine;
    // What can be seen, a story of the corpus shows.
    const std::size_t runs = expected ? corpus.size() * engines_for(defect).size() : most_runs;
    const SearchCounts counts = search_for(defect, programs, runs).counts;
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
  const CorpusAndMutants programs(corpus, {}, 1);
  BOOST_TEST(static_cast<bool>(search_for(*find_defect("rss-counted-twice"), programs, 1000).counts.detected));
}

BOOST_AUTO_TEST_CASE(a_search_that_finds_nothing_has_made_all_its_runs) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const CorpusAndMutants programs(corpus, 0);
  const SearchResult result = search_for(*find_defect("mkclean-result-dropped"), programs, 7);
  BOOST_TEST(!result.counts.detected);
  BOOST_TEST(result.counts.runs == 7U);
  BOOST_TEST(result.counts.reached == 1U);
  BOOST_TEST(result.failures == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_not_reached_is_a_run_without_the_mistake) {
  const std::vector<CorpusProgram> corpus{{"empty", {}}};
  const CorpusAndMutants programs(corpus, 0);
  const DefectInfo& defect = *find_defect("lookup-not-repeated");
  const std::size_t engines = engines_for(defect).size();
  const SearchCounts counts = search_for(defect, programs, engines).counts;
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
  const CorpusAndMutants programs(corpus, 0);
  const SilentEngine wrong(eager_dirty(), kind_of<event::MarkAccessed>);
  const SearchCounts counts = DefectSearch(Defect::none, {&wrong}, programs).run(corpus.size()).counts;
  BOOST_TEST(!counts.detected);
  BOOST_TEST(counts.runs == corpus.size());
  BOOST_TEST(counts.runs_without == corpus.size());
  BOOST_TEST(counts.false_alarms != 0U);
  BOOST_TEST(counts.false_alarms < corpus.size());
  BOOST_TEST(counts.false_alarm.run != 0U);
}

BOOST_AUTO_TEST_CASE(runs_in_which_shootdown_fails_are_passed_over) {
  std::vector<CorpusProgram> corpus;
  for (const int page : {0, 0, 1, 0, 0, 2, 2, 0}) {
    const std::string bytes = trouble(page);
    corpus.push_back({"some", {bytes.begin(), bytes.end()}});
  }
  const CorpusAndMutants programs(corpus, 0);
  const TroubleEngine engine;
  DefectSearch search(Defect::none, {&engine}, programs);
  const SearchResult& result = search.run(corpus.size());
  BOOST_TEST(result.counts.runs == corpus.size());
  BOOST_TEST(result.counts.runs_without == 5U);
  BOOST_TEST(result.failures == 3U);
  BOOST_TEST(contains(result.failed, "page == 0"), result.failed);
}

BOOST_AUTO_TEST_CASE(the_programs_that_expose_a_mistake_are_all_found) {
  const std::vector<CorpusProgram> corpus = whole_corpus();
  const DefectInfo& defect = *find_defect("fsync-skips-writeback");
  const std::vector<std::size_t> found = exposing(defect, corpus);
  BOOST_TEST(!found.empty());
  BOOST_TEST(found.size() < corpus.size());
  const std::vector<const Engine*> engines = engines_for(defect);
  for (std::size_t number = 0; number < corpus.size(); number += one_in) {
    const CorpusAndMutants alone(corpus, {number}, 0);
    const bool shows = static_cast<bool>(DefectSearch(defect.id, engines, alone).run(engines.size()).counts.detected);
    const bool named = std::ranges::find(found, number) != found.end();
    BOOST_TEST(shows == named, corpus[number].name);
  }
  BOOST_TEST(exposing(*find_defect("mkclean-result-dropped"), corpus).empty());
}

BOOST_AUTO_TEST_SUITE_END()
