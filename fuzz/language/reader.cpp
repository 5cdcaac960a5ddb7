#include "fuzz/language/reader.h"

#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace shootdown {

namespace {

// "pages 0 to 3", or "only page 0".
std::string all_of(std::string_view noun, unsigned count) {
  return count == 1 ? fmt::format("only {} 0", noun) : fmt::format("{}s 0 to {}", noun, count - 1);
}

}  // namespace

void Reader::keyword(std::string_view expected) {
  const std::string_view word = take();
  if (word != expected) fail(word, fmt::format("expected '{}', found {}", expected, quoted(word)));
}

unsigned Reader::number(std::string_view expected) {
  const std::string_view word = take();
  unsigned value = 0;
  if (!to_number(word, value)) fail(word, fmt::format("expected {}, found {}", expected, quoted(word)));
  return value;
}

unsigned Reader::number_of(std::string_view noun, std::string_view owner, unsigned count) {
  const std::string_view word = cursor_.word();
  const unsigned value = number(fmt::format("the number of a {}", noun));
  check_range(noun, word, value, owner, count);
  return value;
}

bool Reader::comma() {
  if (word() != ",") return false;
  take();
  return true;
}

void Reader::end_of_line(std::string_view expected) const {
  if (!word().empty()) fail(word(), fmt::format("expected {}, found {}", expected, quoted(word())));
}

void Reader::check_range(std::string_view noun, std::string_view word, unsigned value, std::string_view owner,
                         unsigned count) const {
  if (value < count) return;
  fail(word, fmt::format("{} {} is out of range: {} has {}", noun, shortened(word), owner, all_of(noun, count)));
}

void Reader::fail(std::string_view word, std::string message) const {
  fail(place(word), std::move(message));
}

void Reader::fail(const TextPlace& place, std::string message) {
  const auto column = static_cast<std::size_t>(place.word.data() - place.text.data()) + 1;
  throw ParseError{place.line, column, std::move(message), std::string(place.text)};
}

}  // namespace shootdown
