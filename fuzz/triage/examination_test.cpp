// What inputs do to engines, and that none of them can do us harm.
#include "fuzz/triage/examination.h"

#include <string>
#include <string_view>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "test/inputs.h"
#include "test/output.h"
#include "test/stories.h"
#include "test/trouble_engine.h"
#include "test/unwilling_engine.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(examination)

namespace {

Examination examined(std::string_view text) {
  Examiner examiner;
  Examiner::Result result = examiner.examine({.path = "x.program", .bytes = std::string(text)});
  BOOST_TEST_REQUIRE(std::holds_alternative<Examination>(result));
  return std::get<Examination>(std::move(result));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_engine_is_examined) {
  const Examination lost = examined(lost_write);
  BOOST_TEST(lost.expectations.size() == all_engines().size());
  BOOST_TEST((lost.program == input_of(lost_write).document.program));
  BOOST_TEST(contains(lost.text(), "expect deferred_dirty breaks dirty-unmapped, filesystem-contract\n"));
  BOOST_TEST(lost.bucket().starts_with("eager_dirty breaks lost-dirty-data: page N of file N is let go"));
  BOOST_TEST(!lost.first->claimed);
  const Examination fine = examined(harmless);
  BOOST_TEST(!fine.first.has_value());
  BOOST_TEST(fine.bucket() == "breaks nothing");
  BOOST_TEST(contains(fine.text(), "expect eager_dirty holds\nexpect deferred_dirty holds\n"));
}

// A broken claim is news, whichever engine breaks it.
BOOST_AUTO_TEST_CASE(broken_claims_come_first) {
  const TroubleEngine trouble;  // claims everything, and does nothing
  const Engine* const engines[] = {find_engine("eager_dirty"), &trouble};
  Examiner examiner(engines);
  const Examiner::Result result = examiner.examine({.path = "x.program", .bytes = std::string(lost_write)});
  BOOST_TEST_REQUIRE(std::holds_alternative<Examination>(result));
  const Examination& seen = std::get<Examination>(result);
  BOOST_TEST(!seen.expectations[0].breaks.empty());
  BOOST_TEST(seen.first->engine->name() == "trouble");
  BOOST_TEST(seen.first->claimed);
}

// Other builds have these engines: what a text expects of them is not ours to judge.
BOOST_AUTO_TEST_CASE(what_other_builds_can_judge_is_kept) {
  const std::string_view text =
      "shootdown 2\n"
      "expect linux-none.such breaks counts, progress\n"
      "expect eager_dirty breaks counts\n"
      "cpu 0: store page 0 word 0\n";
  const Examination seen = examined(text);
  BOOST_TEST(seen.expectations.size() == all_engines().size());
  BOOST_TEST(contains(seen.text(), "expect eager_dirty holds\n"));
  BOOST_TEST(contains(seen.text(), "\nexpect linux-none.such breaks counts, progress\n\ncpu 0: store"), seen.text());
  BOOST_TEST(examined(seen.text()).text() == seen.text());
}

BOOST_AUTO_TEST_CASE(of_what_an_engine_refuses_nothing_can_be_said) {
  const UnwillingEngine unwilling("linux-unwilling");
  const Engine* const engines[] = {find_engine("eager_dirty"), &unwilling};
  Examiner examiner(engines);
  const std::string text = "shootdown 2\nexpect linux-unwilling holds\ncpu 0: store page 0 word 0\n";
  const Examiner::Result result = examiner.examine({.path = "x.program", .bytes = text});
  BOOST_TEST_REQUIRE(std::holds_alternative<Examination>(result));
  BOOST_TEST(std::get<Examination>(result).text() ==
             "shootdown 2\nexpect eager_dirty holds\n\ncpu 0: store page 0 word 0\n");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_an_error) {
  Examiner examiner;
  const Examiner::Result result = examiner.examine({.path = "a b.program", .bytes = "shootdown 2\nfoo\n"});
  BOOST_TEST_REQUIRE(std::holds_alternative<InputError>(result));
  BOOST_TEST(std::get<InputError>(result).message.starts_with("a b.program:2:1: "));
}

BOOST_AUTO_TEST_CASE(a_crash_does_no_harm) {
  const TroubleEngine engine;
  const Engine* const engines[] = {&engine};
  Examiner examiner(engines);
  const Examiner::Result crash = examiner.examine({.path = "crash", .bytes = trouble(1)});
  BOOST_TEST_REQUIRE(std::holds_alternative<InternalError>(crash));
  const std::string message = std::get<InternalError>(crash).message;
  BOOST_TEST(message.starts_with("crash: trouble: internal error: test/trouble_engine.h:"), message);
  BOOST_TEST(std::holds_alternative<Examination>(examiner.examine({.path = "next", .bytes = trouble(0)})));
  BOOST_TEST(!examiner.finish().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
