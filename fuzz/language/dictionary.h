// Dictionaries for fuzzers: pieces of inputs that they may put in.
//
// Made from the tables of the input language, by encoding and printing an
// example of everything that it can say; so they know what the language knows.
// libFuzzer and AFL++ read them (-dict=FILE, -x FILE). A piece has at most
// max_piece bytes, because libFuzzer drops longer ones without a word.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace shootdown {

struct DictionaryEntry {
  std::string name;   // letters, digits and underscores: for people
  std::string piece;  // any bytes
};

inline constexpr std::size_t max_piece = 64;

// For targets that take encoded programs, and run them on the model: records of what it does.
std::vector<DictionaryEntry> dictionary_of_bytes();
// For targets that take texts: lines.
std::vector<DictionaryEntry> dictionary_of_text();

// The entries as fuzzers read them, one a line: NAME="PIECE", with escapes.
std::string print_dictionary(const std::vector<DictionaryEntry>& entries);

}  // namespace shootdown
