// Helpers for tests: inputs that must load, and those that must not.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/test/unit_test.hpp>

#include "fuzz/language/codec.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

inline Input input_of(std::string_view text) {
  std::variant<Input, InputError> input = read_input("test.program", text);
  const auto* const error = std::get_if<InputError>(&input);
  if (error != nullptr) BOOST_FAIL(error->message);
  return std::get<Input>(std::move(input));
}

// A text as fuzzers have it.
inline std::string encoded(std::string_view text) {
  return std::string(as_characters(encode(input_of(text).document.program)));
}

// The message of what must be an error.
template <typename Value>
std::string error_of(const std::variant<Value, InputError>& result) {
  const auto* const error = std::get_if<InputError>(&result);
  BOOST_REQUIRE(error != nullptr);
  return error->message;
}

}  // namespace shootdown
