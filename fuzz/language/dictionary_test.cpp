#include "fuzz/language/dictionary.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/language.h"
#include "fuzz/language/text.h"
#include "test/bytes.h"

namespace shootdown {

BOOST_AUTO_TEST_SUITE(dictionary)

namespace {

// The pieces of a dictionary, read as fuzzers do.
std::vector<std::string> read_dictionary(std::string_view text) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    BOOST_REQUIRE(line.ends_with('"'));
    std::string piece;
    for (std::size_t at = line.find('"') + 1; at < line.size() - 1; ++at) {
      if (line[at] != '\\') {
        BOOST_REQUIRE(line[at] != '"');
        piece += line[at];
        continue;
      }
      BOOST_REQUIRE(line.substr(at, 2) == "\\x");
      piece += static_cast<char>(std::stoi(std::string(line.substr(at + 2, 2)), nullptr, 16));
      at += 3;
    }
    pieces.push_back(piece);
  }
  return pieces;
}

void check_entries(const std::vector<DictionaryEntry>& entries) {
  std::set<std::string> names;
  std::set<std::string> pieces;
  for (const DictionaryEntry& entry : entries) {
    BOOST_TEST(names.insert(entry.name).second, "two entries are called " << entry.name);
    BOOST_TEST(pieces.insert(entry.piece).second, entry.name << " is what another entry is");
    BOOST_TEST(entry.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
    BOOST_TEST((!entry.piece.empty() && entry.piece.size() <= max_piece), entry.name);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(entries_differ_and_are_short_enough) {
  check_entries(dictionary_of_bytes());
  check_entries(dictionary_of_text());
}

BOOST_AUTO_TEST_CASE(what_is_printed_can_be_read) {
  for (const std::vector<DictionaryEntry>& entries : {dictionary_of_bytes(), dictionary_of_text()}) {
    const std::vector<std::string> pieces = read_dictionary(print_dictionary(entries));
    BOOST_REQUIRE(pieces.size() == entries.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) BOOST_TEST(pieces[i] == entries[i].piece);
  }
}

BOOST_AUTO_TEST_CASE(bytes_say_everything_that_the_model_can_do) {
  std::set<Call> calls;
  std::set<Exception::Kind> exceptions;
  bool far = false;
  std::set<std::string_view> parameters;
  const std::string store(record_size, '\0');
  for (const DictionaryEntry& entry : dictionary_of_bytes()) {
    BOOST_TEST(entry.piece.size() % record_size == 0, entry.name);
    // An exception needs an operation to be tied to; a parameter that is its default says nothing.
    const std::string bytes = store + entry.piece;
    const Program program = decoded({bytes.begin(), bytes.end()});
    const MachineConfig defaults;
    for (const ParameterInfo& parameter : parameter_table) {
      if (program.machine.*parameter.field != defaults.*parameter.field) parameters.insert(parameter.name);
    }
    if (program.exception_count != 0) exceptions.insert(program.exceptions[0].kind);
    if (program.exception_count != 0 && program.exceptions[0].after > max_near_after) far = true;
    if (program.operation_count > 1) calls.insert(program.operations[1].call);
  }
  BOOST_TEST(calls.size() == operation_table.size());
  BOOST_TEST(exceptions.size() == exception_table.size());
  BOOST_TEST(far);
  BOOST_TEST(parameters.size() == parameter_table.size());
}

BOOST_AUTO_TEST_CASE(lines_of_text_parse_in_their_place) {
  for (const DictionaryEntry& entry : dictionary_of_text()) {
    if (!entry.piece.ends_with('\n')) continue;  // a word
    const bool header = entry.piece.starts_with("shootdown");
    const bool exception = entry.piece.starts_with(' ');
    const bool second_file = entry.name.find("of_file_1") != std::string::npos;
    std::string text = header ? "" : "shootdown 2\n";
    if (entry.piece.find(" mm ") != std::string::npos) text += "machine mms 2\n";
    if (second_file) text += "machine files 2, windows 2\n";
    if (exception) text += "cpu 0: store page 0 word 0\n";
    // Parameters that must fit others do not stand alone.
    if (entry.piece.starts_with("machine mms") || entry.piece.starts_with("machine files")) continue;
    const std::variant<Document, ParseError> result = parse(text + entry.piece);
    const auto* const error = std::get_if<ParseError>(&result);
    BOOST_TEST(error == nullptr, entry.piece << (error == nullptr ? "" : error->message));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace shootdown
