#include "fuzz/triage/archive.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <zip.h>

#include "engine/sanitizer.h"
#include "fuzz/io/output.h"

namespace shootdown {

namespace {

// libzip is not instrumented: MemorySanitizer does not see what it writes.
std::string text_of_libzip(const char* text) {
  if (text == nullptr) return {};
  declare_written(text);
  return text;
}

struct MemberCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

InputError member_error(const std::string& name, std::string_view what) {
  return {fmt::format("{}: {}", name, what)};
}

InputError too_large(const std::string& name, std::size_t limit) {
  return member_error(name, fmt::format("too large: an input has at most {} MiB", limit >> 20U));
}

std::variant<std::string, InputError> read_to_end(zip_file_t* file, const std::string& name, std::size_t limit) {
  std::string bytes;
  std::array<char, std::size_t{1} << 16U> buffer;
  for (;;) {
    const zip_int64_t count = zip_fread(file, buffer.data(), buffer.size());
    if (count < 0) return member_error(name, "cannot read: " + text_of_libzip(zip_file_strerror(file)));
    if (count == 0) return bytes;
    declare_written(buffer.data(), static_cast<std::size_t>(count));
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > limit) return too_large(name, limit);
  }
}

}  // namespace

void Archive::Closer::operator()(zip* archive) const {
  zip_discard(archive);  // nothing was changed
}

std::variant<Archive, InputError> Archive::open(const std::filesystem::path& path) {
  int code = 0;
  zip_t* const archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive != nullptr) return Archive(printable(path.string()), archive);
  declare_written(&code, sizeof code);
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  declare_written(&error, sizeof error);
  const std::string why = text_of_libzip(zip_error_strerror(&error));
  zip_error_fini(&error);
  return InputError{fmt::format("{}: cannot open the archive: {}", printable(path.string()), why)};
}

Archive::Archive(std::string name, zip* archive) : name_(std::move(name)), archive_(archive) {
  for (std::size_t member = 0; member < size(); ++member) members_.emplace(this->name(member), member);
}

std::size_t Archive::size() const {
  return static_cast<std::size_t>(std::max<zip_int64_t>(zip_get_num_entries(archive_.get(), 0), 0));
}

std::string Archive::name(std::size_t member) const {
  return text_of_libzip(zip_get_name(archive_.get(), member, ZIP_FL_ENC_RAW));
}

std::optional<std::size_t> Archive::find(const std::string& name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) return std::nullopt;
  return found->second;
}

std::variant<std::string, InputError> Archive::read(std::size_t member, std::size_t limit) const {
  const std::string name = fmt::format("{}:{}", name_, printable(this->name(member)));
  zip_stat_t stat;
  zip_stat_init(&stat);
  const int failed = zip_stat_index(archive_.get(), member, 0, &stat);
  declare_written(&stat, sizeof stat);
  if (failed == 0) {
    const bool encrypted = (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE;
    if (encrypted) return member_error(name, "is encrypted, which cannot be read; expected a member without password");
    if ((stat.valid & ZIP_STAT_SIZE) != 0 && stat.size > limit) return too_large(name, limit);
  }
  const std::unique_ptr<zip_file_t, MemberCloser> file(zip_fopen_index(archive_.get(), member, 0));
  if (file == nullptr) return member_error(name, "cannot open: " + text_of_libzip(zip_strerror(archive_.get())));
  return read_to_end(file.get(), name, limit);
}

}  // namespace shootdown
