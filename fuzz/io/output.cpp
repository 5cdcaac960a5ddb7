#include "fuzz/io/output.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
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

// Returns an errno.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// Returns an errno. Closes the file.
int write_and_close(int file, const FileContents& contents) {
  int error = 0;
  contents([&](std::string_view bytes) {
    if (error == 0) error = write_all(file, bytes);
  });
  if (::close(file) != 0 && error == 0) error = errno;
  return error;
}

bool is_below_proc(const fs::path& folder) {
  return (folder / "").string().starts_with("/proc/");
}

// Where a path leads, whether or not something is there. Links below /proc remain: each leads to a file that is open,
// whatever is to be found under its name by now.
fs::path follow_links(fs::path path, std::error_code& error) {
  constexpr int most_links = 40;
  for (int links = 0; links <= most_links; ++links) {
    const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
    if (error) return {};
    path = folder / path.filename();
    std::error_code is_no_link;
    const fs::path next = fs::read_symlink(path, is_no_link);
    if (is_no_link || is_below_proc(folder)) return path;
    path = folder / next;
  }
  error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
  return {};
}

// The descriptor of this process that a path leads to, as that of /dev/stdout does; -1: to none.
int own_descriptor(const fs::path& target) {
  std::error_code ignored;
  if (target.parent_path() != fs::canonical("/proc/self/fd", ignored)) return -1;
  const std::string name = target.filename();
  const char* const end = name.data() + name.size();
  int number = -1;
  return std::from_chars(name.data(), end, number).ptr == end ? number : -1;
}

bool is_written_in_place(const fs::path& target, const fs::file_status& status) {
  return (fs::exists(status) && !fs::is_regular_file(status)) || is_below_proc(target.parent_path());
}

int write_in_place(const fs::path& target, const FileContents& contents) {
  const int own = own_descriptor(target);
  // To open its file anew would be to write at the beginning, and not where all else goes that is written to it.
  const int file = own >= 0 ? ::fcntl(own, F_DUPFD_CLOEXEC, 0) : ::open(target.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  return file < 0 ? errno : write_and_close(file, contents);
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

int replace_file(const fs::path& target, const fs::file_status& status, const FileContents& contents) {
  const bool is_new = !fs::exists(status);
  const mode_t mode = is_new ? 0666 : static_cast<mode_t>(status.permissions() & fs::perms::all);
  fs::path temporary;
  const int file = open_temporary(target, mode, temporary);
  if (file < 0) return errno;
  // What is new has the mode that the umask allows.
  int error = is_new || ::fchmod(file, mode) == 0 ? 0 : errno;
  if (const int failure = write_and_close(file, contents); error == 0) error = failure;
  if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) ::unlink(temporary.c_str());
  return error;
}

}  // namespace

int save_file(const fs::path& path, std::string_view bytes) {
  return save_file(path, [bytes](const auto& write) { write(bytes); });
}

int save_file(const fs::path& path, const FileContents& contents) {
  std::error_code error;
  const fs::path target = follow_links(path, error);
  if (error) return error.value();
  const fs::file_status status = fs::status(target, error);
  return is_written_in_place(target, status) ? write_in_place(target, contents)
                                             : replace_file(target, status, contents);
}

int try_save_file(const fs::path& path) {
  std::error_code error;
  const fs::path target = follow_links(path, error);
  if (error) return error.value();
  const fs::file_status status = fs::status(target, error);
  if (fs::is_directory(status)) return EISDIR;
  if (is_written_in_place(target, status))
    return own_descriptor(target) >= 0 || ::access(target.c_str(), W_OK) == 0 ? 0 : errno;
  fs::path temporary;
  const int file = open_temporary(target, 0600, temporary);
  if (file < 0) return errno;
  ::close(file);
  ::unlink(temporary.c_str());
  return 0;
}

namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
}

std::string escaped(char c) {
  return fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t from_end = 3; from_end < digits.size(); from_end += 4) digits.insert(digits.size() - from_end, ",");
  return digits;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

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
