#include "fuzz/output.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
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

// Opens a new file in the folder of another, so that it can be renamed; hidden, so that nobody takes it for a file of
// its own. Returns the descriptor, or -1.
int open_temporary(const fs::path& target, mode_t mode, fs::path& temporary) {
  for (int number = 0;; ++number) {
    temporary = target.parent_path() / fmt::format(".shootdown-{}-{}", ::getpid(), number);
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file >= 0 || errno != EEXIST) return file;
  }
}

int replace_file(const fs::path& target, const fs::file_status& status, std::string_view bytes) {
  const bool is_new = !fs::exists(status);
  const mode_t mode = is_new ? 0666 : static_cast<mode_t>(status.permissions() & fs::perms::all);
  fs::path temporary;
  const int file = open_temporary(target, mode, temporary);
  if (file < 0) return errno;
  // What is new has the mode that the umask allows.
  int error = is_new || ::fchmod(file, mode) == 0 ? 0 : errno;
  if (const int failure = write_and_close(file, bytes); error == 0) error = failure;
  if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(temporary.c_str());
  return error;
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
  return replace_file(target, status, bytes);
}

std::string shell_word(std::string_view name) {
  const std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:@%";
  if (!name.empty() && name.find_first_not_of(harmless) == std::string_view::npos) return std::string(name);
  std::string word = "'";
  for (const char c : name) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

}  // namespace shootdown
