#include "fuzz/language/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fuzz/language/words.h"

namespace shootdown {

namespace {

bool is_binary(char byte) {
  return (byte >= 0 && byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || byte == '\x7F';
}

// How many letters must be changed, added or taken away to make one word the other (V. Levenshtein, 1966).
template <std::size_t Limit>
std::size_t distance(std::string_view word, std::string_view other) {
  std::array<std::size_t, Limit + 1> row{};  // of the beginnings of `other`
  for (std::size_t i = 0; i <= other.size(); ++i) row[i] = i;
  for (std::size_t i = 1; i <= word.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t k = 1; k <= other.size(); ++k) {
      const std::size_t changed = diagonal + (word[i - 1] == other[k - 1] ? 0 : 1);
      diagonal = std::exchange(row[k], std::min({changed, row[k] + 1, row[k - 1] + 1}));
    }
  }
  return row[other.size()];
}

// Whether a document may begin with this word: it must with `shootdown`, but a misspelled or forgotten
// header shall be reported, not run.
bool is_first_word(std::string_view word) {
  constexpr std::string_view header = "shootdown";
  constexpr std::size_t slips = 3;
  if (word == "machine" || word == "expect" || word == "cpu") return true;
  return word.size() <= header.size() + slips && distance<header.size()>(word, header) <= slips;
}

}  // namespace

std::string ParseError::format(std::string_view name) const {
  constexpr std::size_t limit = 160;  // bytes of the line that are shown
  const std::size_t at = std::min(column == 0 ? 0 : column - 1, text.size());
  std::size_t begin = 0;
  if (text.size() > limit) begin = std::min(at - std::min(at, limit / 2), text.size() - limit);
  std::string shown = displayable(std::string_view(text).substr(begin, limit));
  if (begin > 0) shown.replace(0, 3, "...");
  if (begin + shown.size() < text.size()) shown.replace(shown.size() - 3, 3, "...");
  return fmt::format("{}:{}:{}: {}\n    {}\n    {:>{}}", name, line, column, message, shown, '^', at - begin + 1);
}

bool looks_like_text(std::string_view bytes) {
  constexpr std::size_t examined = 4096;
  const std::string_view beginning = bytes.substr(0, examined);
  if (std::ranges::any_of(beginning, is_binary)) return false;
  if (bytes.starts_with('#') && bytes.find('\n') != std::string_view::npos) return true;
  Cursor cursor(bytes);
  return cursor.next_line() && is_first_word(cursor.word());
}

}  // namespace shootdown
