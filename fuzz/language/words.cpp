#include "fuzz/language/words.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <system_error>

namespace shootdown {

namespace {

bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

bool is_mark(char byte) {
  return byte == ',' || byte == ':';
}

}  // namespace

bool Cursor::next_line() {
  while (!ended_) {
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    ++number_;
    ended_ = end == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    words_ = line_.substr(0, line_.find('#'));
    while (!words_.empty() && is_blank(words_.back())) words_.remove_suffix(1);
    find_word();
    if (!word_.empty()) return true;
  }
  return false;
}

void Cursor::find_word() {
  while (!words_.empty() && is_blank(words_.front())) words_.remove_prefix(1);
  const bool mark = !words_.empty() && is_mark(words_.front());
  word_ = words_.substr(0, mark ? 1 : words_.find_first_of(" \t,:"));
}

std::string_view Cursor::take() {
  const std::string_view taken = word_;
  words_.remove_prefix(taken.size());
  find_word();
  return taken;
}

bool to_number(std::string_view word, unsigned& value) {
  if (word.empty()) return false;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (stop != word.data() + word.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) value = std::numeric_limits<unsigned>::max();
  return true;
}

std::string ordinal(unsigned number) {
  const unsigned last = number % 10;
  const bool teen = number / 10 % 10 == 1;
  if (last == 1 && !teen) return fmt::format("{}st", number);
  if (last == 2 && !teen) return fmt::format("{}nd", number);
  if (last == 3 && !teen) return fmt::format("{}rd", number);
  return fmt::format("{}th", number);
}

std::string displayable(std::string_view bytes) {
  std::string result(bytes);
  for (char& byte : result) {
    if (byte == '\t') byte = ' ';
    if (byte < ' ' || byte > '~') byte = '?';
  }
  return result;
}

std::string shortened(std::string_view word) {
  constexpr std::size_t limit = 40;
  return displayable(word.substr(0, limit)) + (word.size() > limit ? "..." : "");
}

std::string quoted(std::string_view word) {
  return word.empty() ? "the end of the line" : fmt::format("'{}'", shortened(word));
}

}  // namespace shootdown
