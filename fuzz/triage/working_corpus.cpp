#include "fuzz/triage/working_corpus.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "fuzz/io/output.h"

namespace shootdown {

namespace fs = std::filesystem;

namespace {

// Without a slash at its end, and where links lead: they stay.
fs::path place_of(const fs::path& folder) {
  const fs::path place = fs::weakly_canonical(folder);
  return place.has_filename() ? place : place.parent_path();
}

// Whether a path still leads to what is open.
bool leads_to(const fs::path& path, int file) {
  struct stat there{};
  struct stat open{};
  return ::stat(path.c_str(), &there) == 0 && ::fstat(file, &open) == 0 && there.st_dev == open.st_dev &&
         there.st_ino == open.st_ino;
}

}  // namespace

WorkingCorpus::WorkingCorpus(const fs::path& folder) : folder_(place_of(folder)) {
  if (fs::exists(folder_) && !fs::is_directory(folder_))
    throw std::runtime_error(printable(folder.string()) + ": is no folder");
  scratch_ = folder_.parent_path() / fmt::format(".merge-{}", folder_.filename().string());
  fs::create_directories(folder_.parent_path());
  lock();
  restore();
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch_)) fs::remove_all(entry.path());
  names_ = names();
}

WorkingCorpus::~WorkingCorpus() {
  std::error_code ignored;
  if (!in_doubt_) fs::remove_all(scratch_, ignored);
  ::close(lock_);
}

// What is open is inherited by all that is started: so what a process that was killed has left at work holds the lock.
void WorkingCorpus::lock() {
  for (;;) {
    fs::create_directory(scratch_);
    lock_ = ::open(scratch_.c_str(), O_RDONLY | O_DIRECTORY);  // NOLINT(android-cloexec-open): see above
    if (lock_ < 0) {
      if (errno == ENOENT) continue;
      throw std::system_error(errno, std::generic_category(), printable(scratch_.string()) + ": cannot open");
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock_);
      throw std::runtime_error(printable(folder_.string()) + ": another merge is at work here");
    }
    if (leads_to(scratch_, lock_)) return;
    ::close(lock_);  // removed by whoever had it before
  }
}

// If a replacement was cut off between its two renamings, the old corpus stands aside and is whole.
void WorkingCorpus::restore() {
  if (!fs::exists(old()) || !names().empty()) return;
  fs::remove_all(folder_);
  fs::rename(old(), folder_);
}

std::set<fs::path> WorkingCorpus::names() const {
  std::set<fs::path> names;
  if (!fs::exists(folder_)) return names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder_)) {
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(folder_));
  }
  return names;
}

void WorkingCorpus::replace(const fs::path& fresh) {
  for (const fs::path& name : names()) {
    if (names_.contains(name)) continue;
    std::string flat = name.string();
    std::ranges::replace(flat, '/', '-');
    fs::copy_file(folder_ / name, fresh / flat, fs::copy_options::overwrite_existing);
  }
  if (fs::exists(folder_)) fs::rename(folder_, old());
  std::error_code error;
  fs::rename(fresh, folder_, error);
  if (!error) return;
  std::error_code ignored;
  fs::rename(old(), folder_, ignored);
  in_doubt_ = fs::exists(old());
  throw std::runtime_error(fmt::format("{}: cannot be replaced: {}{}", printable(folder_.string()), error.message(),
                                       in_doubt_ ? "; the old corpus is in " + printable(old().string()) : ""));
}

}  // namespace shootdown
