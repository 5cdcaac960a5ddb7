#include "fuzz/triage/corpus_and_mutants.h"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/program/program.h"
#include "engine/zap/engines.h"
#include "fuzz/language/text.h"
#include "test/files.h"
#include "test/programs.h"
#include "test/stories.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(corpus_and_mutants)

namespace {

std::vector<RawInput> corpus() {
  return std::get<std::vector<RawInput>>(load_corpus("corpus"));
}

// A program that no engine can run; empty: there is none, as where Linux's own code is an engine.
std::string unmodelled() {
  if (std::ranges::any_of(all_engines(), &Engine::does_every_operation)) return {};
  for (const OperationInfo& info : operation_table) {
    if (info.modelled) continue;
    ProgramBuilder builder;
    return print(builder.machine(&MachineConfig::mms, 2).operation(0, info.call, 1, 1).program());
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_programs_are_always_the_same) {
  CorpusAndMutants programs(corpus());
  CorpusAndMutants others(corpus());
  const std::size_t first_mutant = programs.corpus_size();
  BOOST_TEST(others.at(first_mutant + 3).bytes == programs.at(first_mutant + 3).bytes);
  BOOST_TEST(programs.at(first_mutant).bytes != programs.at(first_mutant + 1).bytes);
  BOOST_TEST(programs.at(0).path == corpus().front().path);
}

BOOST_AUTO_TEST_CASE(what_no_engine_can_run_is_left_out) {
  const std::string other = unmodelled();
  if (other.empty()) return;
  CorpusAndMutants programs({{.path = "a.program", .bytes = std::string(harmless)},
                             {.path = "b.program", .bytes = other},
                             {.path = "c.program", .bytes = std::string(lost_write)}});
  BOOST_TEST(programs.at(0).path == "a.program");
  BOOST_TEST(programs.corpus_size() == 2U);
  BOOST_TEST(programs.at(programs.corpus_size() - 1).path == "c.program");
}

BOOST_AUTO_TEST_CASE(the_first_input_that_cannot_be_read_is_said) {
  TemporaryFolder folder;
  folder.write("c/a.program", harmless);
  folder.write("c/b.program", "shootdown 2\nfoo\n");
  folder.write("c/c.program", "shootdown 2\nbar\n");
  const auto bad = load_corpus(folder.path("c"));
  BOOST_TEST_REQUIRE(std::holds_alternative<InputError>(bad));
  BOOST_TEST(std::get<InputError>(bad).message.find("b.program:2:1: ") != std::string::npos);
  BOOST_TEST(std::holds_alternative<InputError>(load_corpus(folder.path("none"))));
  BOOST_TEST(std::get<std::vector<RawInput>>(load_corpus(folder.path("c/a.program"))).size() == 1U);
  if (unmodelled().empty()) return;
  const auto useless = load_corpus(folder.write("d/a.program", unmodelled()));
  BOOST_TEST_REQUIRE(std::holds_alternative<InputError>(useless));
  BOOST_TEST(std::get<InputError>(useless).message.ends_with(": no engine can run any of these programs"));
}

BOOST_AUTO_TEST_SUITE_END()
