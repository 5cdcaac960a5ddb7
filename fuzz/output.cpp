#include "fuzz/output.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace shootdown {

namespace fs = std::filesystem;

void Output::write(std::string_view bytes) {
  if (error_ != 0) return;
  errno = 0;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) error_ = errno != 0 ? errno : EIO;
}

void Output::flush() {
  errno = 0;
  if (std::fflush(file_) != 0 && error_ == 0) error_ = errno != 0 ? errno : EIO;
}

bool Output::is_terminal() const {
  return ::isatty(::fileno(file_)) != 0;
}

namespace {

// Returns an errno. Closes the file.
int write_and_close(int file, std::string_view bytes) {
  int error = 0;
  while (error == 0 && !bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error = errno;
    } else {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (::close(file) != 0 && error == 0) error = errno;
  return error;
}

// In the same folder, so that it can be renamed; hidden, so that nobody takes it for a file of its own.
fs::path temporary_path(const fs::path& path) {
  return path.parent_path() / fmt::format(".{}.{}", path.filename().string(), ::getpid());
}

}  // namespace

int save_file(const fs::path& path, std::string_view bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return EISDIR;
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    return file < 0 ? errno : write_and_close(file, bytes);
  }
  const fs::path target = fs::exists(status) ? fs::canonical(path, error) : path;  // a link stays a link
  const fs::path temporary = temporary_path(target);
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int failure = write_and_close(file, bytes);
  if (failure == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) failure = errno;
  if (failure != 0) ::unlink(temporary.c_str());
  return failure;
}

namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
}

std::string escaped(char c) {
  return fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
}

}  // namespace

std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name) text += is_control(c) ? escaped(c) : std::string(1, c);
  return text;
}

std::string shell_word(std::string_view word) {
  const std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@%";
  if (!word.empty() && word.find_first_not_of(harmless) == std::string_view::npos) return std::string(word);
  const bool escapes = std::ranges::any_of(word, is_control);
  std::string quoted = escapes ? "$'" : "'";
  for (const char c : word) {
    if (is_control(c)) {
      quoted += escaped(c);
    } else if (c == '\'') {
      quoted += escapes ? "\\'" : "'\\''";
    } else {
      if (c == '\\' && escapes) quoted += c;
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string shell_path(std::string_view path) {
  return shell_word(path.starts_with('-') && path != "-" ? fmt::format("./{}", path) : std::string(path));
}

}  // namespace shootdown
