#include "fuzz/explain/rows.h"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace shootdown;

BOOST_AUTO_TEST_SUITE(rows)

namespace {

std::vector<StoryLine> lines_of(const std::string& letters) {
  std::vector<StoryLine> lines;
  for (const char letter : letters)
    lines.push_back({.kind = StoryLine::Kind::step, .cpu = 0, .text = std::string(1, letter)});
  return lines;
}

std::vector<PictureRow> rows_of(const std::vector<StoryLine>& lines) {
  std::vector<PictureRow> rows;
  for (const StoryLine& line : lines) rows.push_back({.line = &line, .text = {}});
  return rows;
}

// A gap is a dot, a row that the other has not is a capital.
std::string text_of(const std::vector<PictureRow>& rows) {
  std::string text;
  for (const PictureRow& row : rows) {
    if (row.line == nullptr) {
      text += '.';
    } else {
      text += row.only_here ? static_cast<char>(row.line->text[0] - 'a' + 'A') : row.line->text[0];
    }
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_the_same_stands_side_by_side) {
  const std::vector<StoryLine> lines = lines_of("abcdx");
  const std::vector<StoryLine> others = lines_of("abydz");
  std::vector<PictureRow> rows = rows_of(lines);
  std::vector<PictureRow> other_rows = rows_of(others);
  align(rows, other_rows);
  BOOST_TEST(text_of(rows) == "abC.dX.");
  BOOST_TEST(text_of(other_rows) == "ab.Yd.Z");
}

BOOST_AUTO_TEST_CASE(the_same_words_of_another_cpu_or_operation_are_not_the_same) {
  std::vector<StoryLine> lines = lines_of("ab");
  std::vector<StoryLine> others = lines_of("ab");
  others[0].cpu = 1;
  others[1].operation = 3;
  std::vector<PictureRow> rows = rows_of(lines);
  std::vector<PictureRow> other_rows = rows_of(others);
  align(rows, other_rows);
  BOOST_TEST(text_of(rows) == "AB..");
  BOOST_TEST(text_of(other_rows) == "..AB");
}

BOOST_AUTO_TEST_CASE(rows_of_both_share_heights) {
  const std::vector<StoryLine> lines{{.kind = StoryLine::Kind::step, .cpu = 0, .text = "short"}};
  const std::vector<StoryLine> others{{.kind = StoryLine::Kind::step, .cpu = 0, .text = std::string(100, 'x')}};
  std::vector<PictureRow> rows = rows_of(lines);
  std::vector<PictureRow> other_rows = rows_of(others);
  wrap_rows(rows, setting::width_of(60), 0);
  wrap_rows(other_rows, setting::width_of(60), 0);
  BOOST_TEST(stack({&rows, &other_rows}, 10) == 10 + 2 * setting::line_height + setting::row_padding);
  BOOST_TEST(rows[0].height == other_rows[0].height);
}

BOOST_AUTO_TEST_SUITE_END()
