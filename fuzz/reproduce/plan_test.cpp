// Which operations race, which come before, and which the check does.
#include "fuzz/reproduce/plan.h"

#include <string>
#include <variant>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/text.h"

using namespace shootdown;

namespace {

// Plans outlive their programs.
Program program_of(const std::string& machine, const std::string& operations) {
  const std::variant<Document, ParseError> parsed = parse("shootdown 2\nmachine " + machine + "\n" + operations);
  BOOST_REQUIRE(std::holds_alternative<Document>(parsed));
  return std::get<Document>(parsed).program;
}

using Numbers = std::vector<int>;

}  // namespace

BOOST_AUTO_TEST_SUITE(plan)

BOOST_AUTO_TEST_CASE(the_race_begins_with_what_is_preempted) {
  const Plan plan = plan_of(program_of("cpus 2, pages 1, words 1",
                                       "cpu 0: store page 0 word 0\n"
                                       "  after 1 steps evict page 0 from cpu 1\n"
                                       "cpu 1: dontneed page 0\n"
                                       "  after remove rmap of page 0 switch to cpu 0\n"
                                       "cpu 0: fsync page 0\n"
                                       "cpu 0: store page 0 word 0\n"
                                       "cpu 0: load page 0 word 0\n"
                                       "cpu 1: fadvise page 0\n"));
  BOOST_TEST(plan.before == Numbers{0}, boost::test_tools::per_element());
  BOOST_TEST(plan.left_out == (Numbers{4, 5}), boost::test_tools::per_element());
  BOOST_REQUIRE(plan.roles.size() == 3U);
  BOOST_TEST((plan.roles[0].cpu == 0 && plan.roles[0].stores && plan.roles[0].words.size() == 1));
  BOOST_TEST(plan.roles[0].words[0].races);
  BOOST_TEST(plan.roles[0].words[0].stays);
  BOOST_TEST((plan.roles[1].cpu == 0 && !plan.roles[1].stores));
  BOOST_TEST(plan.roles[1].race == Numbers{2}, boost::test_tools::per_element());
  BOOST_TEST((plan.roles[2].cpu == 1 && !plan.roles[2].stores));
  BOOST_TEST(plan.roles[2].race == Numbers{1}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_race_if_nothing_is_preempted_or_chance_decides) {
  const std::string store_and_drop = "cpu 0: store page 0 word 0\ncpu 3: munmap page 0\n";
  const Plan listed = plan_of(program_of("cpus 4, mms 2", store_and_drop));
  BOOST_TEST(listed.before.empty());
  BOOST_REQUIRE(listed.roles.size() == 2U);
  BOOST_TEST(listed.roles[0].mm == 0);
  BOOST_TEST(listed.roles[1].mm == 1);
  const Plan chance = plan_of(program_of("cpus 4, pct_depth 2", store_and_drop + "  after 3 steps suspend\n"));
  BOOST_TEST(chance.before.empty());
}

BOOST_AUTO_TEST_CASE(words_are_stored_to_before_the_race_or_in_it) {
  const Plan plan = plan_of(program_of("cpus 2, pages 3, words 2",
                                       "cpu 0: touch pages 0-1\n"
                                       "cpu 1: truncate page 1\n"
                                       "  after 1 steps suspend\n"
                                       "cpu 0: store page 1 word 0\n"
                                       "cpu 0: store page 2 word 1\n"));
  const std::vector<StoredWord>& words = plan.roles.at(0).words;
  BOOST_REQUIRE(words.size() == 3U);
  BOOST_TEST((words[0].page == 0 && !words[0].races && words[0].stays));
  BOOST_TEST((words[1].page == 1 && words[1].races && words[1].stays));
  // The file is cut before it.
  BOOST_TEST((words[2].page == 2 && words[2].word == 1 && words[2].races && !words[2].stays));
}

BOOST_AUTO_TEST_CASE(a_word_in_a_hole_or_a_moved_page_does_not_stay) {
  const Plan punched =
      plan_of(program_of("cpus 2, files 2, windows 2, pages 2",
                         "cpu 0: touch pages 0-1\ncpu 0: touch pages 2-3\ncpu 1: punch page 1 of file 1\n"));
  std::vector<bool> stay;
  for (const StoredWord& word : punched.roles.at(0).words) stay.push_back(word.stays);
  BOOST_TEST(stay == (std::vector<bool>{true, true, true, false}));
  const Plan moved =
      plan_of(program_of("cpus 2, pages 2", "cpu 0: store page 0 word 0\ncpu 1: mremap page 0 to page 1\n"));
  BOOST_TEST(!moved.roles.at(0).words.at(0).stays);
}

BOOST_AUTO_TEST_CASE(the_last_exit_of_an_address_space_is_told) {
  const Program program =
      program_of("cpus 4, mms 2", "cpu 0: store page 0 word 0\ncpu 0: exit\ncpu 1: exit\ncpu 2: exit\n");
  BOOST_TEST((call_of(program, 1).kind == CCall::Kind::nothing));
  BOOST_TEST((call_of(program, 2).kind == CCall::Kind::nothing));
  BOOST_TEST((call_of(program, 3).kind == CCall::Kind::zap));
}

BOOST_AUTO_TEST_SUITE_END()
