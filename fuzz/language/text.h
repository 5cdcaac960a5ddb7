// Programs as text: what people write, review, and read crashes in.
//
// An operation is a line, and so is an exception, below the operation that it is tied
// to; the order of the lines is the order of the program. The text form is
// complete: encode(parse(print(p))) == encode(p). A file may say more than the
// program: comments, and what is expected of each engine. docs/input-format.md
// has the grammar.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/program/program.h"

namespace shootdown {

// The version of the text form, which its first line names.
inline constexpr unsigned format_version = 2;

// What a file says must happen on an engine: it breaks exactly these guarantees.
struct Expectation {
  std::string engine;
  std::vector<std::string> breaks;  // names of oracles; empty: everything holds
  std::size_t line = 0;             // where it says so, from 1
};

struct Document {
  Program program;
  std::vector<Expectation> expectations;
};

// What is wrong with a text, and where.
struct ParseError {
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1, in bytes
  std::string message;     // what was expected
  std::string text;        // the line itself

  // "NAME:LINE:COLUMN: message", the line, and a mark below the place.
  std::string format(std::string_view name) const;
};

// Reads a document. Whether engines and oracles of these names exist is not checked.
std::variant<Document, ParseError> parse(std::string_view text);

// What an operation does, without its CPU: "dontneed pages 0-1".
std::string print(const Operation& operation, const MachineConfig& machine);

// Writes a program. The result ends with a newline.
std::string print(const Program& program);
// The same with expectations, in their order. Their engines and oracles must have names as parse() accepts them.
std::string print(const Document& document);

// Whether bytes are meant as text rather than as an encoded program. A text without a proper header counts as
// text, so that the error is reported: what begins with a comment line, with a word that other lines of the
// head begin with, or with a misspelled `shootdown`. Control characters early on rule it out. False for all
// that encode() makes.
bool looks_like_text(std::string_view bytes);

}  // namespace shootdown
