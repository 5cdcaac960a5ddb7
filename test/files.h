// Helpers for tests: folders and archives for a while, and less rights.
#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zip.h>
#include <boost/test/unit_test.hpp>

namespace shootdown {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shootdown-test-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Writes a file, in folders that are made if need be.
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

  // All bytes of a file.
  std::string read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  using Members =
      std::vector<std::pair<std::string, std::string>>;  // names, contents; a name with / at its end: folder

  // Writes a zip archive. With a password, its members are encrypted.
  std::filesystem::path write_zip(const std::string& name, const Members& members,
                                  const char* password = nullptr) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    zip_t* const archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    BOOST_REQUIRE(archive != nullptr);
    for (const auto& [member, bytes] : members) {
      if (member.ends_with('/')) {
        BOOST_REQUIRE(zip_dir_add(archive, member.c_str(), 0) >= 0);
        continue;
      }
      zip_source_t* const source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
      const zip_int64_t index = zip_file_add(archive, member.c_str(), source, 0);
      BOOST_REQUIRE(index >= 0);
      if (password != nullptr)
        BOOST_REQUIRE(zip_file_set_encryption(archive, static_cast<zip_uint64_t>(index), ZIP_EM_AES_256, password) ==
                      0);
    }
    BOOST_REQUIRE(zip_close(archive) == 0);
    return file;
  }

  // The same for an archive in which two members have the same name.
  std::filesystem::path write_zip_with_twins(const std::string& name, const std::string& member,
                                             const std::string& first, const std::string& second) const {
    const std::string other(member.size(), '\x01');
    const std::filesystem::path file = write_zip(name, {{member, first}, {other, second}});
    std::string bytes = read(name);
    for (std::size_t at = bytes.find(other); at != std::string::npos; at = bytes.find(other))
      bytes.replace(at, other.size(), member);
    return write(name, bytes);
  }

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// In its scope, not even root may read what its mode forbids.
class Unprivileged {
 public:
  Unprivileged() {
    BOOST_REQUIRE(::syscall(SYS_capget, &header_, before_.data()) == 0);
    auto less = before_;
    less[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
    BOOST_REQUIRE(::syscall(SYS_capset, &header_, less.data()) == 0);
  }
  ~Unprivileged() { BOOST_CHECK(::syscall(SYS_capset, &header_, before_.data()) == 0); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  __user_cap_header_struct header_{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};  // of this thread
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> before_{};
};

}  // namespace shootdown
