// Helpers for tests: what a command has printed.
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

namespace shootdown {

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// All that was written to a file.
inline std::string contents(std::FILE* file) {
  BOOST_TEST_REQUIRE(std::fseek(file, 0, SEEK_SET) == 0);
  std::string bytes;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file))
    bytes.append(buffer.data(), count);
  return bytes;
}

// What came of a command.
struct Result {
  int status;
  std::string out;
  std::string err;
};

}  // namespace shootdown
