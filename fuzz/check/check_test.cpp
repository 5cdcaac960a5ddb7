// What is kept of what was found, and what follows from it.
#include "fuzz/check/check.h"

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "engine/zap/engines.h"
#include "test/inputs.h"

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(check)

namespace {

constexpr std::string_view one_operation = "shootdown 2\ncpu 0: store page 0 word 0\n";
constexpr std::string_view two_operations = "shootdown 2\ncpu 0: store page 0 word 0\ncpu 0: store page 0 word 0\n";
constexpr std::string_view drawn = "shootdown 2\nmachine pct_depth 1\ncpu 0: store page 0 word 0\n";

Breach breach(CheckPart part, std::uint64_t number, std::string_view text) {
  const std::string bytes = encoded(text);
  return {.part = part, .number = number, .origin = "some", .program = {bytes.begin(), bytes.end()}};
}

SearchOutcome outcome(SearchOutcome::Verdict verdict, int exceptions) {
  return {.verdict = verdict, .exceptions = exceptions};
}

EngineChecked checked_with(Standing standing, bool demanded) {
  EngineChecked checked;
  checked.settings.engine = &eager_dirty();
  checked.programs.push_back({.operations = 2, .or_fewer = true, .tally = {.programs = 1, .decided = 1, .holds = 1}});
  checked.guarantees.push_back({.oracle = OracleId::counts, .demanded = demanded, .standing = standing});
  return checked;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_each_part_the_smallest_program_is_kept) {
  Breaches breaches;
  BOOST_TEST(breaches.of(OracleId::counts).empty());
  breaches.note(OracleId::counts, breach(CheckPart::corpus, 1, two_operations));
  breaches.note(OracleId::counts, breach(CheckPart::corpus, 2, one_operation));
  breaches.note(OracleId::counts, breach(CheckPart::corpus, 3, one_operation));
  breaches.note(OracleId::counts, breach(CheckPart::corpus, 0, drawn));  // nobody can read that
  breaches.note(OracleId::counts, breach(CheckPart::programs, 7, two_operations));
  const std::vector<Breach> found = breaches.of(OracleId::counts);
  BOOST_TEST_REQUIRE(found.size() == 2U);
  BOOST_TEST((found[0].part == CheckPart::programs));
  BOOST_TEST((found[1].part == CheckPart::corpus));
  BOOST_TEST(found[1].number == 2U);
  BOOST_TEST((breaches.oracles() == OracleSet::only(OracleId::counts)));

  Breaches others;
  others.note(OracleSet::only(OracleId::counts) | OracleSet::only(OracleId::batch),
              breach(CheckPart::mutants, 1, one_operation));
  breaches.note(others);
  BOOST_TEST(breaches.of(OracleId::counts).size() == 3U);
  BOOST_TEST((breaches.oracles() == (OracleSet::only(OracleId::counts) | OracleSet::only(OracleId::batch))));
}

BOOST_AUTO_TEST_CASE(searches_are_counted_by_how_far_they_came) {
  using Verdict = SearchOutcome::Verdict;
  SearchTally tally{.programs = 5};
  tally.add({.broken = {}, .rest = outcome(Verdict::holds, 4), .states = 10, .omission = 0.25});
  tally.add({.broken = {{}}, .rest = outcome(Verdict::no_time, 3), .states = 5, .omission = 0.25});
  tally.add({.broken = {}, .rest = outcome(Verdict::no_memory, 1)});
  tally.add({.broken = {}, .rest = outcome(Verdict::no_time, -1)});
  BOOST_TEST(tally.decided == 1U);
  BOOST_TEST(tally.holds == 1U);
  BOOST_TEST(tally.holds_up_to == 2U);
  BOOST_TEST(tally.fewest == 1);
  BOOST_TEST(tally.most == 3);
  BOOST_TEST(tally.breaking == 1U);
  BOOST_TEST(tally.states == 15U);
  BOOST_TEST(tally.omission == 0.5);
  BOOST_TEST(!tally.is_complete());

  SearchTally bounded{.programs = 2};
  bounded.add({.broken = {}, .rest = outcome(Verdict::holds_up_to, 2)});
  bounded.add({.broken = {{}}, .rest = outcome(Verdict::breaks, 1)});  // to the last guarantee
  BOOST_TEST(bounded.is_complete());
}

BOOST_AUTO_TEST_CASE(what_has_to_hold_counts) {
  BOOST_TEST(!checked_with(Standing::proved, true).has_violation());
  BOOST_TEST(!checked_with(Standing::broken, false).has_violation());
  BOOST_TEST(checked_with(Standing::broken, true).has_violation());
}

BOOST_AUTO_TEST_CASE(so_does_whatever_else_is_not_as_it_should_be) {
  EngineChecked checked = checked_with(Standing::proved, true);
  checked.corpus.surprises.push_back({.name = "some"});
  BOOST_TEST(checked.has_violation());
  checked = checked_with(Standing::proved, true);
  checked.failed = 1;
  BOOST_TEST(checked.has_violation());
  checked = checked_with(Standing::proved, true);
  checked.linux_code.push_back({.different = 1});
  BOOST_TEST(checked.has_violation());
}

BOOST_AUTO_TEST_CASE(it_is_decided_when_all_small_programs_are) {
  EngineChecked checked = checked_with(Standing::proved, true);
  BOOST_TEST(checked.is_decided());
  checked.programs.push_back({.operations = 3, .exceptions = 1, .tally = {.programs = 9}});
  BOOST_TEST(checked.is_decided());
  checked.interrupted = true;
  BOOST_TEST(!checked.is_decided());
  checked.interrupted = false;
  checked.programs.front().tally.decided = 0;
  BOOST_TEST(!checked.is_decided());
  checked.programs.clear();
  BOOST_TEST(!checked.is_decided());
}

BOOST_AUTO_TEST_SUITE_END()
