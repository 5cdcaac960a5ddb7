// Zip archives, read member by member: seed corpora and backups of corpora.
//
// A member is read into memory, up to a limit that also holds for archives which
// lie about sizes. Its checksum is verified. Encrypted members and methods of
// compression that libzip does not know are errors of that member.
//
// The only file that uses libzip. Fuzz targets do without it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "fuzz/io/input_error.h"

struct zip;

namespace shootdown {

class Archive {
 public:
  // Opens an archive; errors name it.
  static std::variant<Archive, InputError> open(const std::filesystem::path& path);

  // How many members there are, folders among them.
  std::size_t size() const;
  // The name of a member, from 0; that of a folder ends with a slash. Empty if it has none that can be read.
  std::string name(std::size_t member) const;
  // The first member of this name.
  std::optional<std::size_t> find(const std::string& name) const;
  // Reads a member of at most `limit` bytes; errors name it, as ARCHIVE:MEMBER.
  std::variant<std::string, InputError> read(std::size_t member, std::size_t limit) const;

 private:
  struct Closer {
    void operator()(zip* archive) const;
  };

  Archive(std::string name, zip* archive);

  std::string name_;  // as errors call it
  std::unique_ptr<zip, Closer> archive_;
  // The first of each name. libzip's own search does not find all names as they are in the file.
  std::unordered_map<std::string, std::size_t> members_;
};

}  // namespace shootdown
