#include "fuzz/triage/corpus_and_mutants.h"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/files.h"
#include "test/stories.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(corpus_and_mutants)

namespace {

std::vector<CorpusProgram> loaded(const std::string& path) {
  return std::get<std::vector<CorpusProgram>>(load_programs(path, all_engines()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_programs_are_always_the_same) {
  const std::vector<CorpusProgram> corpus = loaded("corpus");
  const std::vector<CorpusProgram> again = loaded("corpus");
  const CorpusAndMutants programs(corpus, 1);
  const CorpusAndMutants same(again, 1);
  const CorpusAndMutants others(corpus, 2);
  const std::size_t mutant = programs.corpus_size();
  BOOST_TEST(mutant == corpus.size());
  BOOST_TEST(same.encoded(mutant + 3) == programs.encoded(mutant + 3), boost::test_tools::per_element());
  BOOST_TEST((others.encoded(mutant + 3) != programs.encoded(mutant + 3)));
  BOOST_TEST((programs.encoded(mutant) != programs.encoded(mutant + 1)));
  BOOST_TEST((programs.encoded(0) == corpus.front().encoded));
  BOOST_TEST(programs.name(0) == corpus.front().name);
  BOOST_TEST(programs.name(mutant) == "mutant " + std::to_string(mutant) + " of seed 1");
}

BOOST_AUTO_TEST_CASE(of_no_program_mutants_are_made_of_nothing) {
  const std::vector<CorpusProgram> corpus = loaded("corpus");
  const CorpusAndMutants programs(corpus, {}, 1);
  BOOST_TEST(programs.corpus_size() == 0U);
  BOOST_TEST(!programs.encoded(0).empty());
  BOOST_TEST((programs.encoded(0) != programs.encoded(1)));
}

BOOST_AUTO_TEST_CASE(what_no_engine_can_run_is_left_out) {
  const UnwillingEngine unwilling;
  const Engine* const engines[] = {&unwilling};
  TemporaryFolder folder;
  folder.write("c/a.program", "shootdown 2\n");
  folder.write("c/b.program", lost_write);
  folder.write("c/c.program", "shootdown 2\nmachine pages 3\n");
  const auto corpus = std::get<std::vector<CorpusProgram>>(load_programs(folder.path("c"), engines));
  BOOST_TEST_REQUIRE(corpus.size() == 2U);
  BOOST_TEST(corpus[0].name.ends_with("a.program"));
  BOOST_TEST(corpus[1].name.ends_with("c.program"));
}

BOOST_AUTO_TEST_CASE(the_first_input_that_cannot_be_read_is_said) {
  TemporaryFolder folder;
  folder.write("c/a.program", harmless);
  folder.write("c/b.program", "shootdown 2\nfoo\n");
  folder.write("c/c.program", "shootdown 2\nbar\n");
  const auto bad = load_programs(folder.path("c"), all_engines());
  BOOST_TEST_REQUIRE(std::holds_alternative<InputError>(bad));
  BOOST_TEST(std::get<InputError>(bad).message.find("b.program:2:1: ") != std::string::npos);
  BOOST_TEST(std::holds_alternative<InputError>(load_programs(folder.path("none"), all_engines())));
  BOOST_TEST(loaded(folder.path("c/a.program")).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
