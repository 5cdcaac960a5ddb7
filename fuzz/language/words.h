// A text as lines of words, and words as error messages show them.
//
// Words are separated by spaces and tabs; a comma and a colon are words of
// their own wherever they stand. A comment, from `#` to the end of its line,
// has no words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shootdown {

// A word of a text: a part of its line.
struct TextPlace {
  std::size_t line = 0;  // from 1
  std::string_view text;
  std::string_view word;  // lies in `text`, even if it is empty
};

// Walks through a text word by word. The text must outlive it.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  // Goes to the next line that has words. If there is none, the cursor stays at the end of the text.
  bool next_line();
  // The word at hand; empty at the end of the line.
  std::string_view word() const { return word_; }
  // The same; moves on to the next.
  std::string_view take();
  // The place of a word of the line at hand.
  TextPlace place(std::string_view word) const { return {number_, line_, word}; }

 private:
  void find_word();

  std::string_view rest_;  // the lines to come
  bool ended_ = false;     // there are none
  std::size_t number_ = 0;
  std::string_view line_;
  std::string_view words_;  // what is left of the line, without its comment
  std::string_view word_;
};

// The decimal number that a word is; false if it is none. One too large for an unsigned is its largest
// value, which is beyond every limit of the language.
bool to_number(std::string_view word, unsigned& value);

// "2nd" for 2.
std::string ordinal(unsigned number);

// What a terminal can show without harm; every byte stays one column.
std::string displayable(std::string_view bytes);

// The beginning of a word, as long as a message can show.
std::string shortened(std::string_view word);

// The same in quotes; "the end of the line" if the word is empty.
std::string quoted(std::string_view word);

}  // namespace shootdown
