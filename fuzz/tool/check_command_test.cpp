// The check of an engine as users meet it: table, files, exit status.
#include "fuzz/tool/check_command.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "engine/run/simulation.h"
#include "oracles/oracles.h"
#include "test/browser.h"
#include "test/console.h"
#include "test/documents.h"
#include "test/files.h"
#include "test/stories.h"

using namespace shootdown;

namespace {

struct CheckedCorpus : TemporaryFolder {
  CheckedCorpus() {
    write("corpus/harmless.program", harmless);
    write("corpus/lost.program", lost_write);
  }

  // Small programs of loads have few schedules.
  CheckOptions options(std::string_view engine) const {
    return {.engines = {std::string(engine)},
            .may = "preempt",
            .calls = "load",
            .seconds = 1.5,
            .memory = 256,
            .jobs = 2,
            .corpus = path("corpus")};
  }
};

Result check(const CheckOptions& options) {
  return result_of([&](Console& console) { return check_command(options, console); });
}

// The line of the table.
std::string row_of(const std::string& table, std::string_view oracle) {
  const std::size_t begin = table.find(fmt::format("\n{}  ", oracle));
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, table);
  return table.substr(begin + 1, table.find('\n', begin + 1) - begin - 1);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(check_command, CheckedCorpus)

BOOST_AUTO_TEST_CASE(an_engine_that_keeps_what_it_claims) {
  CheckOptions patient = options("delayed_rmap");
  Result result = check(patient);
  // A machine that is busy needs more time.
  while (Simulation::can_save && result.status == 3 && patient.seconds < 100) {
    patient.seconds *= 4;
    result = check(patient);
  }
  BOOST_TEST(result.err.empty(), result.err);
  const std::string row = row_of(result.out, "lost-dirty-data");
  if (Simulation::can_save) {
    BOOST_TEST(result.status == 0, result.out);
    BOOST_TEST(row.ends_with("yes        proved"), row);
    BOOST_TEST(contains(result.out, "of up to 2 operations: every schedule of all 3; "), result.out);
    BOOST_TEST(contains(result.out, " operations (load) on two CPUs and a page of one word"));
    BOOST_TEST(result.out.ends_with("\ndelayed_rmap breaks nothing that has to hold\n"));
  } else {
    // Sanitizers make searches so slow that not even these come to an end.
    BOOST_TEST((result.status == 0 || result.status == 3), result.out);
  }
  BOOST_TEST(contains(result.out, "  corpus    2 programs: what they expect is met\n"));
}

BOOST_AUTO_TEST_CASE(what_is_broken_and_not_claimed_is_no_violation) {
  const Result result = check(options("eager_dirty"));
  BOOST_TEST((result.status == 0 || result.status == 3), result.out);
  BOOST_TEST(
      contains(row_of(result.out, "lost-dirty-data"), "no       no         broken  4 operations, 1 exception; from "));
  BOOST_TEST(!contains(result.out, "eager_dirty breaks lost-dirty-data"));
}

BOOST_AUTO_TEST_CASE(what_must_hold_and_is_broken_is_shown) {
  CheckOptions all = options("eager_dirty");
  all.oracles = "all";
  all.html = path("report.html");
  all.json = path("check.json");
  const Result result = check(all);
  BOOST_TEST(result.status == 1, result.out);
  BOOST_TEST(contains(row_of(result.out, "lost-dirty-data"), "no       yes        broken  4 operations, 1 exception"));
  BOOST_TEST(contains(result.out, "\neager_dirty breaks lost-dirty-data: page 0 of file 0 is let go of clean"));
  BOOST_TEST(contains(result.out, smallest_lost_write), result.out);

  const auto json = nlohmann::json::parse(read("check.json"));
  BOOST_TEST_REQUIRE(json.size() == 1U);
  BOOST_TEST(json[0]["violation"] == true);
  BOOST_TEST_REQUIRE(json[0]["guarantees"].size() == oracle_count);
  for (const auto& guarantee : json[0]["guarantees"]) {
    const std::string row = row_of(result.out, guarantee["oracle"].get<std::string>());
    BOOST_TEST(contains(row, fmt::format("  {}", guarantee["standing"].get<std::string>())), row);
    BOOST_TEST(guarantee["must_hold"] == true);
    BOOST_TEST(guarantee["breach"].is_null() == (guarantee["standing"] != "broken"));
  }
  const auto& lost = json[0]["guarantees"][static_cast<std::size_t>(OracleId::lost_dirty_data)];
  BOOST_TEST(lost["breach"]["program"] == smallest_lost_write);
  BOOST_TEST(lost["claimed"] == false);

  const std::string page = read("report.html");
  BOOST_TEST(page.starts_with("<!DOCTYPE html>\n"));
  BOOST_TEST(contains(page, "<p class=\"conclusion bad\">eager_dirty breaks what has to hold: page-cache-contents, "));
  BOOST_TEST(contains(page, "<a href=\"#eager_dirty-lost-dirty-data\">4 operations, 1 exception</a>"));
  BOOST_TEST(contains(page, "id=\"eager_dirty-lost-dirty-data\">\n<h2>eager_dirty breaks lost-dirty-data</h2>"));
  BOOST_TEST(contains(page, "cpu 1: dontneed page 0\n  after remove rmap of page 0 switch to cpu 0\n"));
  BOOST_TEST(contains(page, "<svg "));
  BOOST_TEST(contains(page, ">WD stale</text>"));
  BOOST_TEST(contains(page, "prefers-color-scheme: dark"));
  BOOST_TEST(contains(page, "@media print"));
  BOOST_TEST(!contains(page, "<script"));
}

BOOST_AUTO_TEST_CASE(a_planted_mistake_breaks_a_claim) {
  CheckOptions planted = options("delayed_rmap");
  planted.defect = "rss-counted-twice";
  planted.seconds = 0.5;
  planted.html = path("report.html");
  const Result result = check(planted);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(row_of(result.out, "counts"), "yes      yes        broken"), result.out);
  BOOST_TEST(contains(result.out, "\ndelayed_rmap breaks what has to hold: counts\n"));
  const std::string page = read("report.html");
  BOOST_TEST(contains(page, "A mistake is planted in every run: rss-counted-twice."));
  BOOST_TEST(contains(page, "<h2>delayed_rmap breaks counts</h2>"));
}

BOOST_AUTO_TEST_CASE(expectations_that_are_not_met_are_said) {
  write("corpus/wrong.program", "shootdown 2\nexpect delayed_rmap breaks counts\ncpu 0: exit\n");
  CheckOptions wrong = options("delayed_rmap");
  wrong.seconds = 0.1;
  const Result result = check(wrong);
  BOOST_TEST(result.status == 1);
  BOOST_TEST(contains(result.out, "wrong.program: delayed_rmap does not break counts, which was expected\n"),
             result.out);
  BOOST_TEST(result.out.ends_with(
      "delayed_rmap breaks nothing that has to hold, but something else is not as it should be\n"));
}

BOOST_AUTO_TEST_CASE(too_little_time_leaves_it_undecided) {
  CheckOptions hasty = options("delayed_rmap");
  hasty.seconds = 0.001;
  hasty.json = path("check.json");
  const Result result = check(hasty);
  BOOST_TEST(result.status == 3);
  BOOST_TEST(contains(row_of(result.out, "counts"), "held"));
  BOOST_TEST(nlohmann::json::parse(read("check.json"))[0]["decided"] == false);
}

BOOST_AUTO_TEST_CASE(several_engines_are_checked_one_after_the_other) {
  CheckOptions both = options("delayed_rmap");
  both.engines = {"delayed_rmap", "eager_dirty", "delayed_rmap"};
  both.seconds = 0.1;
  both.html = path("report.html");
  both.json = path("check.json");
  const Result result = check(both);
  BOOST_TEST((result.status == 0 || result.status == 3), result.out);
  const auto json = nlohmann::json::parse(read("check.json"));
  BOOST_TEST_REQUIRE(json.size() == 2U);
  BOOST_TEST(json[1]["engine"] == "eager_dirty");
  const std::string page = read("report.html");
  BOOST_TEST(contains(page, "<title>Shootdown: check of delayed_rmap, eager_dirty</title>"));
  BOOST_TEST(contains(page, "<h1>eager_dirty</h1>"));
}

BOOST_AUTO_TEST_CASE(a_browser_shows_it) {
  if (chromium().empty()) {
    BOOST_TEST_MESSAGE("there is no Chromium: not tested");
    return;
  }
  CheckOptions how = options("eager_dirty");
  how.seconds = 0.5;
  how.html = path("report.html");
  check(how);
  const std::string page = read("report.html");
  // It is no wider than a usual screen, each link leads somewhere, pictures are within the page, and colours mean something.
  const std::string dom =
      shown(*this, page,
            "[document.documentElement.scrollWidth <= window.innerWidth,"
            " [...document.querySelectorAll('td a')].length,"
            " [...document.querySelectorAll('td a')].every(link => document.querySelector(link.getAttribute('href'))),"
            " [...document.querySelectorAll('svg.run')].every(svg => svg.getBoundingClientRect().right <= "
            "window.innerWidth),"
            " getComputedStyle(document.querySelector('td.spared')).color].join(' ')");
  BOOST_TEST(measured(dom) == "true 4 true true rgb(168, 78, 0)");
  const std::string dark =
      shown(*this, page, "getComputedStyle(document.body).backgroundColor", "--blink-settings=preferredColorScheme=0");
  BOOST_TEST(measured(dark) == "rgb(20, 24, 29)");
}

BOOST_AUTO_TEST_CASE(bad_usage_is_said) {
  const auto error_with = [&](auto change) {
    CheckOptions bad = options("delayed_rmap");
    bad.seconds = 0.001;
    change(bad);
    const Result result = check(bad);
    BOOST_TEST(result.status == 2);
    BOOST_TEST(result.out == "");
    return result.err;
  };
  BOOST_TEST(contains(error_with([](CheckOptions& bad) { bad.engines = {"no"}; }), "there is no engine 'no'"));
  BOOST_TEST(contains(error_with([](CheckOptions& bad) { bad.oracles = "no"; }), "--oracles: there is no oracle 'no'"));
  BOOST_TEST(contains(error_with([](CheckOptions& bad) { bad.defect = "no"; }), "--defect: there is no defect 'no'"));
  BOOST_TEST(contains(error_with([](CheckOptions& bad) { bad.may = "no"; }), "--may: there is no 'no'"));
  BOOST_TEST(contains(error_with([](CheckOptions& bad) { bad.calls = "no"; }), "--calls: there is no operation 'no'"));
  BOOST_TEST(contains(error_with([](CheckOptions& bad) { bad.calls = "fork"; }), "there is nothing for 'fork'"));
  BOOST_TEST(contains(error_with([&](CheckOptions& bad) { bad.corpus = path("nowhere"); }), "nowhere: cannot open"));
  BOOST_TEST(contains(error_with([&](CheckOptions& bad) { bad.json = path("nowhere/check.json"); }), "cannot write"));
  write("bad/bad.program", "shootdown 2\nfoo\n");
  BOOST_TEST(contains(error_with([&](CheckOptions& bad) { bad.corpus = path("bad"); }), "bad.program:2:1: "));
}

BOOST_AUTO_TEST_SUITE_END()
