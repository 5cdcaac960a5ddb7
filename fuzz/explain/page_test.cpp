// Pages and pictures by their structure. How a browser shows them is a test of the command.
#include "fuzz/explain/page.h"

#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "engine/zap/engines.h"
#include "fuzz/explain/perfetto.h"
#include "fuzz/explain/picture.h"
#include "fuzz/explain/scene.h"
#include "fuzz/language/text.h"
#include "test/documents.h"
#include "test/explained_story.h"
#include "test/output.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(page)

namespace {

ExplainedStory lost_write(const SceneOptions& options = {}) {
  return {"eager_dirty", contents_of("corpus/lost-write-simple.program"), options};
}

// Whether every element of a piece of XML is closed, in its order.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  const std::regex tag(R"re(<(/?)([a-z]+)((?: [a-z0-9:A-Z-]+="[^"<]*")*)(/?)>|[<>])re");
  for (std::sregex_iterator found(xml.begin(), xml.end(), tag), end; found != end; ++found) {
    const std::smatch& match = *found;
    if (!match[2].matched) return false;
    if (match[1].length() != 0) {
      if (open.empty() || open.back() != match[2]) return false;
      open.pop_back();
    } else if (match[4].length() == 0) {
      open.push_back(match[2]);
    }
  }
  return open.empty();
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++times;
  return times;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_picture_has_lanes_locks_interrupts_and_the_life_of_the_page) {
  const std::string svg = draw_run(lost_write().scene, "a & b");
  BOOST_TEST(is_well_formed(svg));
  BOOST_TEST(contains(svg, "<title>a &amp; b</title>"));
  BOOST_TEST(contains(svg, "page 0 of file 0, shown at virtual page 0"));
  for (const std::string_view head :
       {"cpu 0", "cpu 1", "pte 0", "dirty", "writeback", "mapcount", "memory", "disk", "promised"})
    BOOST_TEST(contains(svg, fmt::format(">{}</text>", head)), head);
  BOOST_TEST(contains(svg, "<title>cpu 1 holds PTL</title>"));
  BOOST_TEST(count(svg, "<title>an IPI from cpu 1 to cpu 0: pending</title>") == 1U);
  BOOST_TEST(contains(svg, ">preempted</text>"));
  BOOST_TEST(contains(svg, ">WD stale</text>"));
  BOOST_TEST(contains(svg, ">1 \u2260</text>"));
  BOOST_TEST(contains(
      svg,
      ">lost-dirty-data: page 0 of file 0 is let go of clean, but its word 0 is 2 in memory and 1 on the disk</text>"));
  // The story ends with what the program sees; the rest is how every run ends.
  BOOST_TEST(contains(svg, ">page-cache-contents: cpu 0 loads 1"));
  BOOST_TEST(!contains(svg, "thread exit"));
}

BOOST_AUTO_TEST_CASE(all_steps_are_drawn_if_one_wants_them) {
  const ExplainedStory all = lost_write({.all = true});
  const std::string svg = draw_run(all.scene, "all");
  BOOST_TEST(is_well_formed(svg));
  BOOST_TEST(count(svg, "class=\"number\"") == all.scene.trace().steps());
  BOOST_TEST(contains(svg, "thread exit"));
  BOOST_TEST(contains(svg, "fsync-durability: "));
}

BOOST_AUTO_TEST_CASE(only_verdicts_that_were_asked_for_count) {
  const OracleSet only = OracleSet::only(OracleId::lost_dirty_data);
  const std::string svg = draw_run(lost_write({.oracles = only}).scene, "one");
  BOOST_TEST(contains(svg, "lost-dirty-data: "));
  BOOST_TEST(!contains(svg, "dirty-unmapped: "));
  BOOST_TEST(!contains(svg, "load page 0 word 0"));  // it comes later
}

BOOST_AUTO_TEST_CASE(of_a_run_that_goes_round_a_few_rounds_are_drawn) {
  const auto picture = [](bool all) {
    const ExplainedStory endless("delayed_rmap",
                                 "shootdown 2\n"
                                 "machine cpus 1, pages 1, words 1\n"
                                 "cpu 0: load page 0 word 0\n"
                                 "cpu 0: invalidate page 0\n"
                                 "cpu 0: store page 0 word 0\n",
                                 {.defect = Defect::last_entry_skipped, .all = all});
    return draw_run(endless.scene, "endless");
  };
  const std::string few = picture(false);
  BOOST_TEST(is_well_formed(few));
  BOOST_TEST(count(few, ">store page 0: fault, pte is read-only</text>") == 2U);
  BOOST_TEST(contains(few, ">and so on, "));
  BOOST_TEST(contains(few, ">progress: no end after "));
  const std::string all = picture(true);
  BOOST_TEST(count(all, ">store page 0: fault, pte is read-only</text>") > 2U);
  BOOST_TEST(!contains(all, ">and so on, "));
}

BOOST_AUTO_TEST_CASE(two_runs_stand_beside_each_other) {
  const ExplainedStory eager = lost_write();
  const Scene delayed(*find_engine("delayed_rmap"), eager.program, {}, &eager.scene);
  const std::string svg = draw_runs(eager.scene, delayed, "two");
  BOOST_TEST(is_well_formed(svg));
  BOOST_TEST(contains(svg, ">eager_dirty</text>"));
  BOOST_TEST(contains(svg, ">delayed_rmap</text>"));
  BOOST_TEST(count(svg, "<title>only here</title>") > 4U);
  const std::string html = explain_page(eager.scene, "lost", &delayed);
  BOOST_TEST(contains(html, "<b>eager_dirty breaks lost-dirty-data</b>"));
  BOOST_TEST(contains(html, "<b>delayed_rmap</b> breaks nothing"));
  // The same run on both sides differs nowhere.
  const Scene again(*find_engine("eager_dirty"), eager.program, {}, &eager.scene);
  BOOST_TEST(!contains(draw_runs(eager.scene, again, "same"), "only here"));
}

BOOST_AUTO_TEST_CASE(the_page_says_what_was_found_and_needs_nothing_else) {
  const std::string html = explain_page(lost_write().scene, "lost <write>", nullptr);
  BOOST_TEST(html.starts_with("<!DOCTYPE html>\n"));
  BOOST_TEST(contains(html, "<h1>eager_dirty: lost &lt;write&gt;</h1>"));
  BOOST_TEST(
      contains(html, "<b>eager_dirty breaks lost-dirty-data</b> (step 68): page 0 of file 0 is let go of clean"));
  BOOST_TEST(contains(
      html, "What should have been: no page is let go of or dropped clean with other contents than the disk."));
  BOOST_TEST(html.find("breaks lost-dirty-data") < html.find("breaks page-cache-contents"));
  BOOST_TEST(contains(html, "cpu 1: fadvise page 0"));
  BOOST_TEST(contains(html, "prefers-color-scheme: dark"));
  BOOST_TEST(contains(html, "@media print"));
  BOOST_TEST(!contains(html, "<script"));
  BOOST_TEST(!contains(html, "url("));
  BOOST_TEST(count(html, "http") == 1U);  // the name of SVG's namespace
  BOOST_TEST(contains(html, "http://www.w3.org/2000/svg"));
}

BOOST_AUTO_TEST_CASE(a_deadlock_says_who_waits_for_whom) {
  const ExplainedStory story("deferred_dirty_locked", contents_of("corpus/invalidate-unmaps-a-locked-page.program"));
  const std::string html = explain_page(story.scene, "deadlock", nullptr);
  BOOST_TEST(contains(html, "<li>cpu 1 waits for the lock of frame 1, which it holds itself"));
  BOOST_TEST(contains(html, "class=\"lock wanted\""));
}

BOOST_AUTO_TEST_CASE(a_run_in_which_all_holds_is_drawn_too) {
  const ExplainedStory story("delayed_rmap", contents_of("corpus/lost-write-simple.program"));
  const std::string html = explain_page(story.scene, "fine", nullptr);
  BOOST_TEST(contains(html, "breaks nothing that was asked for"));
  BOOST_TEST(contains(html, "<svg "));
  const ExplainedStory nothing("delayed_rmap", "shootdown 2\ncpu 0: mmap page 0\n");
  BOOST_TEST(is_well_formed(draw_run(nothing.scene, "nothing")));
}

BOOST_AUTO_TEST_CASE(viewers_of_traces_get_the_same_run) {
  const ExplainedStory story = lost_write();
  const auto json = nlohmann::json::parse(perfetto_json(story.scene, "lost"));
  std::size_t slices = 0;
  std::size_t begun = 0;
  std::size_t ended = 0;
  for (const auto& event : json["traceEvents"]) {
    const std::string phase = event["ph"];
    slices += phase == "X" ? 1 : 0;
    begun += phase == "b" || phase == "s" ? 1 : 0;
    ended += phase == "e" || phase == "f" ? 1 : 0;
    if (phase == "X") BOOST_TEST(event["dur"].get<int>() > 0);
  }
  BOOST_TEST(slices > 30U);
  BOOST_TEST(begun == ended);
  BOOST_TEST(begun > 0U);
}

// The picture in README.md is what the command makes.
BOOST_AUTO_TEST_CASE(documents_show_the_picture_as_it_is) {
  const Scene& scene = lost_write().scene;
  BOOST_TEST((draw_run(scene, title_of(scene, "lost-write-simple")) == contents_of("docs/lost-write-simple.svg")),
             "make it again: shootdown explain --engine eager_dirty --svg corpus/lost-write-simple.program -o "
             "docs/lost-write-simple.svg");
  BOOST_TEST(contains(contents_of("README.md"), "docs/lost-write-simple.svg"));
  BOOST_TEST(contains(contents_of("docs/explaining.md"), "lost-write-simple.svg"));
}

BOOST_AUTO_TEST_SUITE_END()
