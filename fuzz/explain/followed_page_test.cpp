#include "fuzz/explain/followed_page.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "fuzz/explain/scene.h"
#include "fuzz/language/text.h"
#include "test/documents.h"
#include "test/explained_story.h"
#include "test/output.h"
#include "test/samples.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(followed_page)

namespace {

std::vector<std::string> shown(const Scene& scene) {
  std::vector<std::string> lines;
  for (const std::size_t number : scene.shown()) lines.push_back(scene.story()[number].text);
  return lines;
}

bool has(const std::vector<std::string>& lines, std::string_view line) {
  return std::ranges::find(lines, line) != lines.end();
}

}  // namespace

// Whatever is broken in the corpus: if the fact names a page, that is the one which is followed.
BOOST_AUTO_TEST_CASE(the_page_that_a_fact_names_is_followed) {
  std::size_t named = 0;
  for (const std::string& name : sampled_stories()) {
    const Program program = std::get<Document>(parse(contents_of(name))).program;
    if (program.machine.pages > 64) continue;
    for (const Engine* const engine : all_engines()) {
      if (!engine->refusal(program).empty()) continue;
      const Scene scene(*engine, program, {});
      if (scene.violation() == nullptr) continue;
      BOOST_TEST(scene.followed().has_value(), name);
      if (!scene.followed()) continue;
      const std::string fact = scene.violation()->fact();
      const FollowedPage& page = *scene.followed();
      if (page.is_of_file() && contains(fact, fmt::format("page {} of file {}", page.index, page.file))) ++named;
      if (fact.starts_with("page ") && contains(fact, " of file "))
        BOOST_TEST(contains(fact, fmt::format("page {} of file {}", page.index, page.file)), name << ": " << fact);
    }
  }
  BOOST_TEST(named > std::size_t{10} / one_in);
}

// What is a folio's is its pages'.
BOOST_AUTO_TEST_CASE(steps_on_a_folio_are_about_each_of_its_pages) {
  const ExplainedStory story("eager_dirty", contents_of("corpus/lost-write-in-a-large-folio.program"));
  BOOST_TEST(name_of(*story.scene.followed(), story.program.machine) == "page 1 of file 0, shown at virtual page 1");
  const std::vector<std::string> lines = shown(story.scene);
  BOOST_TEST(has(lines, "clear PG_dirty of frames 0-1"));
  BOOST_TEST(has(lines, "frames 0-1 not mapped: skip mkclean"));
  // But not what is of the other page alone.
  BOOST_TEST(!has(lines, "write frame 0 word 0 to disk: 0"));
  BOOST_TEST(!has(lines, "load page 0: fault, pte is none"));
}

// Memory that a child shares at first stays the parent's page, when the child has got a copy.
BOOST_AUTO_TEST_CASE(a_page_stays_whose_it_is) {
  const ExplainedStory story("delayed_rmap", contents_of("corpus/swap-out-meets-fork.program"));
  BOOST_REQUIRE(story.scene.followed().has_value());
  BOOST_TEST((story.scene.followed()->home == VirtualPage{0, 0}));
  BOOST_TEST(story.scene.followed()->shown_at.size() == 2U);
  for (const StoryLine& line : story.scene.story()) {
    const PageState& state = story.scene.state_at(line);
    if (state.memory && state.promised && line.operation != no_fact)
      BOOST_TEST((*state.memory == *state.promised), line.text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
