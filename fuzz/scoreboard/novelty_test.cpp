// What is new about a run, and what is not.
#include "fuzz/scoreboard/novelty.h"

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "fuzz/replay/replay.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(novelty)

namespace {

// Runs programs one after the other.
class Bench {
 public:
  std::vector<Novelty::Feature> news(std::string_view text) {
    const Program program = input_of(text).document.program;
    novelty.expect(program);
    replayer_.run(program, &novelty);
    return {novelty.news().begin(), novelty.news().end()};
  }

  Novelty novelty;

 private:
  Replayer replayer_{*std::get<const Engine*>(select_engine("delayed_rmap"))};
};

constexpr std::string_view in_order =
    "shootdown 2\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n";
constexpr std::string_view overtaken =
    "shootdown 2\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "  after clear entry switch to cpu 0\n"
    "cpu 0: store page 0 word 0\n";

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_new_about_the_same_run) {
  Bench bench;
  BOOST_TEST(!bench.news(in_order).empty());
  BOOST_TEST(bench.news(in_order).empty());
}

BOOST_AUTO_TEST_CASE(each_feature_is_told_once) {
  Bench bench;
  std::vector<Novelty::Feature> news = bench.news(overtaken);
  std::ranges::sort(news);
  BOOST_TEST((std::ranges::adjacent_find(news) == news.end()));
}

BOOST_AUTO_TEST_CASE(steps_that_meet_otherwise_are_new) {
  Bench bench;
  bench.news("shootdown 2\ncpu 0: store page 0 word 0\ncpu 1: dontneed page 0\ncpu 0: store page 0 word 0\n");
  BOOST_TEST(!bench.news(overtaken).empty());
  BOOST_TEST(bench.news(overtaken).empty());
}

BOOST_AUTO_TEST_CASE(of_one_cpu_alone_only_how_its_pages_are) {
  Bench bench;
  const auto operations = [](std::string_view call) {
    return "shootdown 2\nmachine cpus 1\ncpu 0: " + std::string(call) + " page 0\ncpu 0: " + std::string(call) +
           " page 0\n";
  };
  BOOST_TEST(bench.news(operations("dontneed")).size() == 1U);  // twice the same
  BOOST_TEST(bench.news(operations("touch")).size() == 2U);     // first without, then with an entry
}

BOOST_AUTO_TEST_CASE(what_is_known_from_elsewhere_is_not_new) {
  Bench bench;
  Bench other;
  const std::vector<Novelty::Feature> news = bench.news(overtaken);
  for (const Novelty::Feature feature : news) other.novelty.know(feature);
  BOOST_TEST(other.news(overtaken).empty());
}

BOOST_AUTO_TEST_CASE(the_page_of_an_operation_counts_as_it_is_for_whoever_does_it) {
  Bench bench;
  bench.news("shootdown 2\ncpu 0: load page 0 word 0\ncpu 0: dontneed page 0\n");
  // The entry is dirty now.
  BOOST_TEST(!bench.news("shootdown 2\ncpu 0: store page 0 word 0\ncpu 0: dontneed page 0\n").empty());
  // That of another page is not.
  bench.news("shootdown 2\nmachine pages 2\ncpu 0: load page 0 word 0\ncpu 0: load page 1 word 0\n");
  BOOST_TEST(bench.news("shootdown 2\nmachine pages 2\ncpu 0: load page 1 word 0\ncpu 0: dontneed page 1\n").empty());
}

BOOST_AUTO_TEST_SUITE_END()
