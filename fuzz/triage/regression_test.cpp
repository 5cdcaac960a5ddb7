// How crash files become regressions, and what they are called.
#include "fuzz/triage/regression.h"

#include <optional>
#include <regex>
#include <string>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "fuzz/triage/digest.h"
#include "test/inputs.h"
#include "test/output.h"
#include "test/stories.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(regression)

namespace {

std::optional<Regression> regression_of(std::string_view text) {
  Examiner examiner;
  const Examiner::Result result = examiner.examine({.path = "x.program", .bytes = std::string(text)});
  BOOST_TEST_REQUIRE(std::holds_alternative<Examination>(result));
  return make_regression(std::get<Examination>(result));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_regression_says_what_it_breaks) {
  const std::optional<Regression> made = regression_of(lost_write);
  BOOST_TEST_REQUIRE(made.has_value());
  BOOST_TEST(made->digest == shootdown::digest(encoded(lost_write)));
  BOOST_TEST(made->digest == digest_of(input_of(lost_write).document.program));
  BOOST_TEST(made->size == encoded(lost_write).size());
  BOOST_TEST(made->name == "eager_dirty-lost-dirty-data-" + made->digest + ".program");
  BOOST_TEST(made->text.starts_with("shootdown 2\n# Found by fuzzing; breaks lost-dirty-data on eager_dirty.\n"));
  BOOST_TEST(contains(made->text, "\nexpect deferred_dirty breaks dirty-unmapped, filesystem-contract\n"));
  BOOST_TEST((input_of(made->text).document.program == input_of(lost_write).document.program));
  // Of itself the same is made.
  BOOST_TEST(regression_of(made->text)->text == made->text);
}

// What other builds can judge is kept, but tells no kinds apart: fuzzers know nothing of it.
BOOST_AUTO_TEST_CASE(expectations_of_engines_that_are_not_in_this_build_are_kept) {
  const std::string expected = "expect linux-none.such breaks fsync-durability\n";
  const std::string text = std::regex_replace(std::string(lost_write), std::regex("cpu 0: store"), expected + "$&",
                                              std::regex_constants::format_first_only);
  const std::optional<Regression> made = regression_of(text);
  BOOST_TEST_REQUIRE(made.has_value());
  BOOST_TEST(contains(made->text, "\n" + expected), made->text);
  BOOST_TEST(made->kind == regression_of(lost_write)->kind);
  BOOST_TEST(made->name == regression_of(lost_write)->name);
}

BOOST_AUTO_TEST_CASE(what_breaks_nothing_is_none) {
  BOOST_TEST(!regression_of(harmless).has_value());
}

BOOST_AUTO_TEST_CASE(where_it_breaks_makes_no_other_kind) {
  const std::string elsewhere = std::regex_replace(std::string(lost_write), std::regex("page 0"), "page 1");
  const std::optional<Regression> first = regression_of(lost_write);
  const std::optional<Regression> second = regression_of(elsewhere);
  BOOST_TEST(first->kind == second->kind);
  BOOST_TEST(first->digest != second->digest);
}

BOOST_AUTO_TEST_CASE(titles_are_first_comments) {
  BOOST_TEST(title_of("shootdown 2\n# A title.\n# More.\n") == "A title.");
  BOOST_TEST(title_of("#\n  ## A title\r\n") == "A title");
  BOOST_TEST(title_of("shootdown 2\ncpu 0: store page 0 word 0").empty());
  BOOST_TEST(title_of("#").empty());
  BOOST_TEST(title_of("").empty());
}

BOOST_AUTO_TEST_SUITE_END()
