#include "fuzz/triage/corpus_and_mutants.h"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/files.h"
#include "test/inputs.h"
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

BOOST_AUTO_TEST_CASE(of_what_is_kept_half_of_those_behind_it_are_made) {
  const std::vector<CorpusProgram> corpus{
      {"a", encode(input_of("shootdown 2\ncpu 0: touch page 0\n").document.program)}};
  const Program distinctive = input_of("shootdown 2\nmachine pages 5\ncpu 0: exit\n").document.program;
  constexpr std::size_t place = 600;
  constexpr std::size_t most = 1800;
  const CorpusAndMutants programs(corpus, 0);
  CorpusAndMutants learning(corpus, 0);
  learning.keep(place, encode(distinctive));
  BOOST_TEST(learning.kept() == 1U);
  std::size_t others = 0;
  for (std::size_t number = 0; number < most; ++number) {
    const bool same = learning.encoded(number) == programs.encoded(number);
    if (number <= place) BOOST_TEST_REQUIRE(same);
    if (!same) ++others;
  }
  BOOST_TEST(others > (most - place) / 2);
  BOOST_TEST(others < most - place);
}

BOOST_AUTO_TEST_CASE(of_no_program_but_what_is_kept_the_rest_are_made_of_nothing) {
  const std::vector<CorpusProgram> nothing;
  CorpusAndMutants programs(nothing, 0);
  programs.keep(0, encode(input_of("shootdown 2\nmachine pages 5\ncpu 0: exit\n").document.program));
  std::size_t of_kept = 0;
  Program program;
  for (std::size_t number = 1; number <= 400; ++number) {
    programs.get(number, program);
    if (program.machine.pages == 5) ++of_kept;
  }
  BOOST_TEST(of_kept > 50U);
  BOOST_TEST(of_kept < 250U);
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
