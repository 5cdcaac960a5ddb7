// What the command writes, and, where there is a Chromium, how that shows it.
#include "fuzz/tool/explain_command.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "fuzz/io/output.h"
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

// A Chromium, if there is one.
std::string chromium() {
  for (const std::string name : {"chromium", "chromium-browser", "google-chrome"}) {
    if (std::system(fmt::format("command -v {} >/dev/null", name).c_str()) == 0) return name;
  }
  return {};
}

// The page as a browser has built it, with the styles that count in it; a script of ours says what is not in its text.
std::string shown(const TemporaryFolder& folder, std::string page, std::string_view measure,
                  std::string_view flags = "") {
  page += fmt::format("<script>document.body.dataset.measured = {}</script>\n", measure);
  folder.write("measured.html", page);
  const std::string command = fmt::format(
      "timeout 60 {} --headless --no-sandbox --disable-gpu --user-data-dir={} --window-size=1400,1000 {} --dump-dom "
      "file://{} 2>/dev/null",
      chromium(), shell_word(folder.path("profile")), flags, shell_word(folder.path("measured.html")));
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  BOOST_REQUIRE(pipe != nullptr);
  std::string dom;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    dom.append(buffer.data(), read);
  return dom;
}

std::string measured(const std::string& dom) {
  constexpr std::string_view mark = "data-measured=\"";
  const std::size_t begin = dom.find(mark);
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, dom.substr(0, 2000));
  return dom.substr(begin + mark.size(), dom.find('"', begin + mark.size()) - begin - mark.size());
}

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
