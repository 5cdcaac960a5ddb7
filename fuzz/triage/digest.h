// A short name for bytes: their FNV-1a hash of 64 bits, as 16 hexadecimal digits.
//
// The same for the same bytes, wherever and whenever it is asked for: files are
// called by it. No protection against somebody who wants two programs to have the
// same name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace shootdown {

inline std::string digest(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char byte : bytes) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3U;
  return fmt::format("{:016x}", hash);
}

}  // namespace shootdown
