// Programs as bytes.
//
// Every byte string is a program: decoding never fails. A program is a list of
// records of four bytes; a changed byte changes one operation, one exception, or
// one parameter of the machine, or nothing. docs/input-format.md has the format
// byte by byte.
//
// decode(encode(p)) is p for every program that decode or parse has made, and
// encode(decode(b)) is the canonical form of b.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/program/program.h"

namespace shootdown {

// Reads a program into `program`, whatever it held before. Allocates nothing.
void decode(std::span<const std::uint8_t> bytes, Program& program);

std::vector<std::uint8_t> encode(const Program& program);

// From here on the parameter has that value, which is at most 255 above its smallest; what is too large wraps around.
void append_parameter(std::vector<std::uint8_t>& bytes, std::uint16_t MachineConfig::* field, int value);

// Bytes, as files and strings take them.
inline std::string_view as_characters(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace shootdown
