// Output that does not get lost unnoticed: to a stream, and to files.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace shootdown {

// What a program prints. Remembers the first error, so that nobody has to look at every line's.
class Output {
 public:
  explicit Output(std::FILE* file) : file_(file) {}

  void write(std::string_view bytes);
  template <typename... Arguments>
  void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write(fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  void flush();

  // The first error so far, as an errno; 0: none.
  int error() const { return error_; }
  bool is_terminal() const;

 private:
  std::FILE* file_;
  int error_ = 0;
};

// Writes a file: afterwards it has all the bytes, or is as it was before. Returns an errno, 0: done. Links remain, and
// so does the mode of a file. What is not a regular file, such as a device, is written in place, and what this process
// has open already (/dev/stdout, /dev/fd/3) where it stands.
int save_file(const std::filesystem::path& path, std::string_view bytes);
// The same for what is too large for one piece: it is called with a function that takes the next one.
using FileContents = std::function<void(const std::function<void(std::string_view)>& write)>;
int save_file(const std::filesystem::path& path, const FileContents& contents);
// Whether that could be begun now, for whoever works long before: an errno, 0: it could.
int try_save_file(const std::filesystem::path& path);

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number);
// "1 run", "2,000 runs".
std::string counted(std::uint64_t count, std::string_view noun);

// A name as people are shown it, in one line: with \xNN for control characters.
std::string printable(std::string_view name);

// A word as a shell must be given it. If there are control characters in it, it is for shells that know $'...'.
std::string shell_word(std::string_view word);

// The same for a path, which must not be taken for an option. "-" stays what it is.
std::string shell_path(std::string_view path);

}  // namespace shootdown
