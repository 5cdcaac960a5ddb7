// The scoreboard as users meet it: table, files, exit status.
#include "fuzz/tool/scoreboard_command.h"

#include <string>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "test/console.h"
#include "test/files.h"
#include "test/stories.h"

using namespace shootdown;

namespace {

struct ScoredCorpus : TemporaryFolder {
  ScoredCorpus() {
    write("corpus/harmless.program", harmless);
    write("corpus/zap.program", "shootdown 2\ncpu 0: store page 0 word 0\ncpu 0: dontneed page 0\n");
  }

  ScoreboardOptions options() const {
    return {.names = {"rss-counted-twice", "mkclean-result-dropped"},
            .runs = 300,
            .seeds = 2,
            .jobs = 2,
            .corpus = path("corpus")};
  }
};

Result scoreboard_with(const ScoreboardOptions& options) {
  return result_of([&](Console& console) { return scoreboard_command(options, console); });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scoreboard_command, ScoredCorpus)

BOOST_AUTO_TEST_CASE(the_table_says_what_was_detected_and_what_not) {
  const Result result = scoreboard_with(options());
  BOOST_TEST(result.status == 0, result.err);
  BOOST_TEST(result.err.empty(), result.err);
  BOOST_TEST(contains(result.out, "\nrss-counted-twice       2/2      2/2        2/2 "), result.out);
  BOOST_TEST(contains(result.out, ": counts"), result.out);
  BOOST_TEST(contains(result.out, "\nCannot be detected, and was not:\n  mkclean-result-dropped: "), result.out);
  BOOST_TEST(contains(result.out, "\nLeft out of the corpus, because it shows the defect as it is:\n"), result.out);
  BOOST_TEST(contains(result.out,
                      "Of 1 defects that can be detected, 1 were with every seed, 0 with some, 0 with none: "
                      "100.0 % of trials\nWithout a mistake: "),
             result.out);
  BOOST_TEST(contains(result.out, ", 0 false alarms\n"), result.out);
}

BOOST_AUTO_TEST_CASE(too_few_detections_are_a_failure) {
  ScoreboardOptions few = options();
  few.names = {"lookup-not-repeated"};
  few.runs = 6;
  few.require = 50;
  const Result result = scoreboard_with(few);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "\nNot detected with any seed:\n  lookup-not-repeated: "), result.out);
  BOOST_TEST(contains(result.out, "  > 6  "), result.out);
  few.require = 0;
  BOOST_TEST(scoreboard_with(few).status == 0);
}

BOOST_AUTO_TEST_CASE(files_have_the_same) {
  ScoreboardOptions both = options();
  both.json = path("board.json");
  both.html = path("board.html");
  const Result result = scoreboard_with(both);
  BOOST_TEST(result.status == 0, result.err);
  const auto json = nlohmann::json::parse(read("board.json"));
  BOOST_TEST(json["search"] == "mutants");
  BOOST_TEST(json["complete"] == true);
  BOOST_TEST(json["share"] == 1.0);
  BOOST_TEST(json["false_alarms"] == 0);
  BOOST_TEST_REQUIRE(json["defects"].size() == 2U);
  const auto& detected = json["defects"][0];
  BOOST_TEST(detected["name"] == "rss-counted-twice");
  BOOST_TEST(detected["detectable"] == true);
  BOOST_TEST(!detected["left_out"].empty());
  BOOST_TEST(detected["trials"].size() == 2U);
  BOOST_TEST(detected["trials"][0]["detected"]["oracle"] == "counts");
  BOOST_TEST(detected["runs"]["median"].is_number());
  const auto& undetected = json["defects"][1];
  BOOST_TEST(undetected["trials"][1]["detected"].is_null());
  BOOST_TEST(undetected["runs"]["median"].is_null());

  const std::string page = read("board.html");
  BOOST_TEST(page.starts_with("<!DOCTYPE html>\n"));
  BOOST_TEST(contains(page, "<svg "));
  BOOST_TEST(contains(page, "<code title=\"zap_pte_range subtracts from the RSS twice\">rss-counted-twice</code>"));
  // Nothing is fetched from elsewhere.
  BOOST_TEST(!contains(page, "http"));
  BOOST_TEST(!contains(page, "<script"));
}

BOOST_AUTO_TEST_CASE(bad_usage_is_said) {
  ScoreboardOptions unknown = options();
  unknown.names = {"luck"};
  BOOST_TEST(scoreboard_with(unknown).status == 2);
  BOOST_TEST(contains(scoreboard_with(unknown).err, "there is no defect 'luck'; 'shootdown defects' lists them"));
  ScoreboardOptions nowhere = options();
  nowhere.corpus = path("nowhere");
  BOOST_TEST(scoreboard_with(nowhere).status == 2);
  BOOST_TEST(contains(scoreboard_with(nowhere).err, "nowhere: cannot open"));
  write("bad/bad.program", "shootdown 2\nfoo\n");
  ScoreboardOptions bad = options();
  bad.corpus = path("bad");
  BOOST_TEST(contains(scoreboard_with(bad).err, "bad.program:2:1: "));
  ScoreboardOptions targets = options();
  targets.libfuzzer = path("corpus");
  BOOST_TEST(contains(scoreboard_with(targets).err, "--libfuzzer: there is no program "));
  ScoreboardOptions unwritable = options();
  unwritable.json = path("nowhere/board.json");
  BOOST_TEST(scoreboard_with(unwritable).status == 2);
  BOOST_TEST(contains(scoreboard_with(unwritable).err, "cannot write"));
  BOOST_TEST(scoreboard_with(unwritable).out == "");
}

BOOST_AUTO_TEST_SUITE_END()
