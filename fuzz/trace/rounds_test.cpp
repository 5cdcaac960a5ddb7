// Stories that repeat themselves in the end, and others.
#include "fuzz/trace/rounds.h"

#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(rounds)

namespace {

// Of a story whose lines say a letter each; capital ones are those of another CPU.
std::optional<Rounds> rounds_of(std::string_view letters) {
  std::vector<StoryLine> story;
  for (const char letter : letters) {
    const bool is_capital = letter < 'a';
    story.push_back({.kind = StoryLine::Kind::step,
                     .cpu = is_capital ? 1 : 0,
                     .number = story.size(),
                     .text = std::string(1, is_capital ? static_cast<char>(letter - 'A' + 'a') : letter)});
  }
  std::vector<const StoryLine*> lines;
  for (const StoryLine& line : story) lines.push_back(&line);
  return find_rounds(lines);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_shortest_rounds_are_found) {
  const std::optional<Rounds> one = rounds_of("abccccc");
  BOOST_REQUIRE(one.has_value());
  BOOST_TEST(one->begin == 2U);
  BOOST_TEST(one->length == 1U);
  BOOST_TEST(one->count == 5U);
  BOOST_TEST(one->end_of_told() == 4U);
  BOOST_TEST(one->left_out() == 3U);
  // Cut off within a round.
  const std::optional<Rounds> two = rounds_of("xxabAabAabAabAa");
  BOOST_REQUIRE(two.has_value());
  BOOST_TEST(two->begin == 2U);
  BOOST_TEST(two->length == 3U);
  BOOST_TEST(two->count == 4U);
}

BOOST_AUTO_TEST_CASE(what_does_not_go_round_in_the_end_has_none) {
  BOOST_TEST(!rounds_of("").has_value());
  BOOST_TEST(!rounds_of("aaa").has_value());
  BOOST_TEST(!rounds_of("aaaaaab").has_value());
  BOOST_TEST(!rounds_of("abcabcabc").has_value());
  BOOST_TEST(!rounds_of("aAAaAaaA").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
