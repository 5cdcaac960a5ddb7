// A text, read word by word, with the errors that a reader of a grammar makes.
//
// What is wrong is thrown, as a ParseError that says what was expected and shows
// the place. Nothing is thrown beyond parse(), which catches it.
#pragma once

#include <string>
#include <string_view>

#include "fuzz/language/text.h"
#include "fuzz/language/words.h"

namespace shootdown {

class Reader {
 public:
  explicit Reader(std::string_view text) : cursor_(text) {}

  // As Cursor has them.
  bool next_line() { return cursor_.next_line(); }
  std::string_view word() const { return cursor_.word(); }
  std::string_view take() { return cursor_.take(); }
  TextPlace place(std::string_view word) const { return cursor_.place(word); }

  void keyword(std::string_view expected);
  unsigned number(std::string_view expected);
  // The number of one of the `count` nouns that `owner` has.
  unsigned number_of(std::string_view noun, std::string_view owner, unsigned count);
  // Takes a comma, if there is one.
  bool comma();
  void end_of_line(std::string_view expected = "the end of the line") const;

  // That `word`, which says `value`, is the number of one of the `count` nouns that `owner` has.
  void check_range(std::string_view noun, std::string_view word, unsigned value, std::string_view owner,
                   unsigned count) const;
  // The word is one of the line at hand.
  [[noreturn]] void fail(std::string_view word, std::string message) const;
  [[noreturn]] static void fail(const TextPlace& place, std::string message);

 private:
  Cursor cursor_;
};

}  // namespace shootdown
