// A fuzz target for the two forms of programs: bytes and text.
//
// Takes the input as text: if it parses, printing and parsing again, and
// encoding and decoding, must give the same program. Then takes the input as an
// encoded program, which it always is: printed, it must parse to the same.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/language/codec.h"
#include "fuzz/language/text.h"

namespace shootdown {

namespace {

void require(bool condition, std::string_view what, std::string_view detail = {}) {
  if (condition) return;
  fmt::print(stderr, "fuzz_text: {}{}{}\n", what, detail.empty() ? "" : ": ", detail);
  std::abort();
}

// Whatever one form can say, the other can.
void check_program(const Program& program) {
  const std::string text = print(program);
  const std::variant<Document, ParseError> again = parse(text);
  const auto* const error = std::get_if<ParseError>(&again);
  require(error == nullptr, "a printed program does not parse", error == nullptr ? "" : error->message);
  require(std::get<Document>(again).program == program, "a printed program parses to another program");
  require(looks_like_text(text), "a printed program does not look like text");

  const std::vector<std::uint8_t> bytes = encode(program);
  Program decoded;
  decode(bytes, decoded);
  require(decoded == program, "an encoded program decodes to another program");
  require(encode(decoded) == bytes, "a program has two encodings");
  require(print(decoded) == text, "a program has two printed forms");
}

void check_error(const ParseError& error, std::string_view text) {
  std::size_t begin = 0;
  for (std::size_t line = 1; line < error.line; ++line) {
    begin = text.find('\n', begin) + 1;
    require(begin != 0, "an error's line is beyond the text");
  }
  require(error.line != 0 && text.substr(begin).starts_with(error.text), "an error shows another line", error.message);
  require(error.column >= 1 && error.column <= error.text.size() + 1, "an error's column is beyond its line");
  require(!error.message.empty() && error.format("input").size() < 2000, "an error's message is of a strange length");
}

}  // namespace

}  // namespace shootdown

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shootdown;
  const std::string text(data, data + size);
  const std::variant<Document, ParseError> result = parse(text);
  if (const auto* const document = std::get_if<Document>(&result)) {
    check_program(document->program);
  } else {
    check_error(std::get<ParseError>(result), text);
  }

  Program program;
  decode(std::span(data, size), program);
  check_program(program);
  return 0;
}
