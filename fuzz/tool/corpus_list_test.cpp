// What is in a corpus, for people and for programs.
#include "fuzz/tool/corpus_list.h"

#include <string>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "engine/zap/engines.h"
#include "test/console.h"
#include "test/files.h"
#include "test/inputs.h"
#include "test/stories.h"

using namespace shootdown;

namespace {

Result list(const CorpusListOptions& options) {
  return result_of([&](Console& console) { return corpus_list_command(options, console); });
}

struct Corpus : TemporaryFolder {
  std::string lost = write("c/lost.program", "# How a write is lost.\n# And so on.\n" + std::string(lost_write));
  std::string fine = write("c/sub/fine.program", harmless);
  std::string bytes = write("c/x", encoded(harmless));
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(corpus_list, Corpus)

BOOST_AUTO_TEST_CASE(each_program_has_a_line) {
  const Result result = list({.paths = {path("c")}});
  BOOST_TEST(result.status == 0);
  BOOST_TEST(result.err.empty());
  const std::size_t width = fine.size();
  // Of other engines the programs say nothing.
  std::string heads;
  std::string dashes;
  for (const Engine* const engine : all_engines()) {
    if (engine == &eager_dirty() || engine == &deferred_dirty()) continue;
    heads += fmt::format("{}  ", engine->name());
    dashes += fmt::format("{:{}}  ", "-", engine->name().size());
  }
  const auto without_end = [](std::string line) { return line.substr(0, line.find_last_not_of(' ') + 1) + "\n"; };
  BOOST_TEST(result.out ==
             fmt::format("{:{}}  eager_dirty  deferred_dirty  {}title\n", "program", width, heads) +
                 fmt::format("{:{}}  breaks 4     breaks 2        {}How a write is lost.\n", lost, width, dashes) +
                 without_end(fmt::format("{}  holds        holds           {}", fine, dashes)) +
                 without_end(fmt::format("{:{}}  -            -               {}", bytes, width, dashes)));
}

BOOST_AUTO_TEST_CASE(engines_that_are_not_in_this_build_have_columns_if_something_is_expected_of_them) {
  const std::string text = "shootdown 2\nexpect linux-none.such breaks counts\ncpu 0: exit\n";
  const std::string other = write("other.program", text);
  const Result table = list({.paths = {fine, other}});
  BOOST_TEST(table.status == 0);
  BOOST_TEST(contains(table.out, "  linux-none.such  title\n"), table.out);
  BOOST_TEST(contains(table.out, "  breaks 1\n"), table.out);
  const auto read = nlohmann::json::parse(list({.paths = {other}, .json = true}).out);
  BOOST_TEST(read[0]["breaks"]["linux-none.such"][0].get<std::string>() == "counts");
}

BOOST_AUTO_TEST_CASE(programs_can_read_it) {
  const std::string odd = write("odd/\xFF\n.program", "# \xFF \x1B[31m\n" + std::string(harmless));
  const Result result = list({.paths = {path("c"), path("odd")}, .json = true});
  BOOST_TEST(result.status == 0);
  const auto read = nlohmann::json::parse(result.out);
  BOOST_TEST(read.size() == 4U);
  BOOST_TEST(read[0]["name"].get<std::string>() == lost);
  BOOST_TEST(read[0]["title"].get<std::string>() == "How a write is lost.");
  BOOST_TEST(read[0]["breaks"]["deferred_dirty"][1].get<std::string>() == "filesystem-contract");
  BOOST_TEST(read[0]["breaks"]["eager_dirty"].size() == 4U);
  BOOST_TEST(read[1]["breaks"]["eager_dirty"].empty());
  BOOST_TEST(!read[2]["breaks"].contains("eager_dirty"));
  BOOST_TEST(list({.paths = {fine}, .json = true}).out.starts_with("[\n  {\n    \"name\": "));
}

BOOST_AUTO_TEST_CASE(bad_inputs_are_said_and_the_rest_is_listed) {
  write("c/bad.program", "shootdown 2\nfoo\n");
  const Result result = list({.paths = {path("none"), path("c")}});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(contains(result.err, "none: cannot open: No such file or directory\n"));
  BOOST_TEST(contains(result.err, "bad.program:2:1: "));
  BOOST_TEST(contains(result.out, lost));
  const Result none = list({.paths = {path("none")}});
  BOOST_TEST(none.status == 2);
  BOOST_TEST(none.out.empty());
  BOOST_TEST(list({.paths = {path("none")}, .json = true}).out == "[]\n");
}

// Every program that we keep has a title, and says what it expects.
BOOST_AUTO_TEST_CASE(the_corpus_itself) {
  const Result result = list({.json = true});
  BOOST_TEST(result.status == 0, result.err);
  for (const auto& entry : nlohmann::json::parse(result.out)) {
    BOOST_TEST(!entry["title"].get<std::string>().empty(), entry["name"].get<std::string>());
    BOOST_TEST(!entry["breaks"].empty(), entry["name"].get<std::string>());
  }
}

BOOST_AUTO_TEST_SUITE_END()
