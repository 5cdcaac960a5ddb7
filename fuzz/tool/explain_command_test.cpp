// What the command writes, and, where there is a Chromium, how that shows it.
#include "fuzz/tool/explain_command.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "test/browser.h"
#include "test/console.h"
#include "test/documents.h"
#include "test/files.h"
#include "test/output.h"

using namespace shootdown;

namespace {

struct Explained : TemporaryFolder {
  static constexpr std::string_view story = "corpus/lost-write-simple.program";

  ExplainOptions options(std::string_view engine = "eager_dirty") const {
    return {.from = (std::filesystem::path(SHOOTDOWN_ROOT) / story).string(),
            .to = {},
            .engine = std::string(engine),
            .against = {},
            .oracles = {},
            .defect = {}};
  }
  Result explain(const ExplainOptions& how) const {
    return result_of([&](Console& console) { return explain_command(how, console); });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(explain_command, Explained)

BOOST_AUTO_TEST_CASE(a_page_or_a_picture_is_written) {
  ExplainOptions how = options();
  how.to = path("report.html");
  BOOST_TEST(explain(how).status == 0);
  BOOST_TEST(read("report.html").starts_with("<!DOCTYPE html>\n"));
  how.to.clear();
  how.svg = true;
  const Result picture = explain(how);
  BOOST_TEST(picture.status == 0);
  BOOST_TEST(picture.out.starts_with("<svg "));
  how.svg = false;
  how.perfetto = true;
  BOOST_TEST(contains(explain(how).out, "\"traceEvents\""));
}

// The first that breaks what it claims; here none does, and the first that breaks anything is it.
BOOST_AUTO_TEST_CASE(an_engine_is_chosen_if_none_is_named) {
  BOOST_TEST(contains(explain(options("")).out, "<h1>eager_dirty: lost-write-simple</h1>"));
}

BOOST_AUTO_TEST_CASE(a_defect_is_made) {
  ExplainOptions how = options("delayed_rmap");
  how.defect = "rss-counted-twice";
  BOOST_TEST(contains(explain(how).out, "<b>delayed_rmap breaks counts</b>"));
}

BOOST_AUTO_TEST_CASE(bad_usage_is_said) {
  ExplainOptions how = options("no");
  BOOST_TEST(explain(how).status == 2);
  BOOST_TEST(contains(explain(how).err, "--engine: there is no engine 'no'"));
  how = options();
  how.against = "no";
  BOOST_TEST(contains(explain(how).err, "--against: there is no engine 'no'"));
  how = options();
  how.oracles = "no";
  BOOST_TEST(contains(explain(how).err, "--oracles: there is no oracle 'no'"));
  how = options();
  how.defect = "no";
  BOOST_TEST(contains(explain(how).err, "--defect: there is no defect 'no'"));
  how = options();
  how.from = path("nowhere");
  BOOST_TEST(explain(how).status == 2);
}

BOOST_AUTO_TEST_CASE(a_browser_shows_it) {
  if (chromium().empty()) {
    BOOST_TEST_MESSAGE("there is no Chromium: not tested");
    return;
  }
  const std::string page = explain(options()).out;
  // All of the picture is on a usual screen, its text can be read and selected, and it is SVG to the browser.
  const std::string dom = shown(
      *this, page,
      "[document.documentElement.scrollWidth <= window.innerWidth,"
      " document.querySelector('svg.run').getBBox().width > 800,"
      " document.querySelectorAll('svg.run text').length > 60,"
      " [...document.querySelectorAll('svg.run text')].every(text => getComputedStyle(text).userSelect != 'none'),"
      " [...document.querySelectorAll('svg.run .step, svg.run .operation')].every(text => "
      "   [...document.querySelectorAll('svg.run .block')].some(block => { const a = text.getBBox(), b = "
      "block.getBBox();"
      "     return a.x >= b.x && a.x + a.width <= b.x + b.width && a.y + 3 >= b.y && a.y + a.height <= b.y + b.height "
      "+ 3; })),"
      " getComputedStyle(document.querySelector('svg.run .bad')).fill].join(' ')");
  BOOST_TEST(measured(dom) == "true true true true true rgb(198, 40, 40)");
  BOOST_TEST(contains(dom, "WD stale"));
  const std::string dark =
      shown(*this, page, "getComputedStyle(document.body).backgroundColor", "--blink-settings=preferredColorScheme=0");
  BOOST_TEST(measured(dark) == "rgb(20, 24, 29)");
}

BOOST_AUTO_TEST_SUITE_END()
