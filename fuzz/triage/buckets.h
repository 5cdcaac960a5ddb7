// Inputs sorted by what they break: one bucket for each bug, as far as that can be
// told without looking at it.
//
// Inputs belong together if the same engine breaks the same oracle with the
// same fact, whatever the numbers in it are. That is coarse: one fact may have two
// causes; and not exact: one cause may break several facts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shootdown {

// A format string of a fact, "page {} of file {} ...", as people read it: "page N of file N ...".
std::string fact_of_format(std::string_view format);

// A message of a crash without what differs from process to process: addresses and process numbers.
std::string fact_of_message(std::string_view message);

class Buckets {
 public:
  // What tells one bucket from another.
  struct Kind {
    std::size_t rank = 0;  // of the engine: buckets of equal size are shown in this order
    std::string engine;
    std::string oracle;  // or that it is an internal error
    std::string fact;    // without numbers
    std::string see;     // how to see one of its files: a command, to which the file's name is to be added

    auto operator<=>(const Kind&) const = default;
  };

  struct File {
    std::string path;
    std::size_t size = 0;  // in bytes
  };

  // Puts a file into its bucket. Buckets keep their numbers, which begin with 0.
  std::size_t add(const Kind& kind, File file);
  void add_to(std::size_t bucket, File file) { buckets_[bucket].files.push_back(std::move(file)); }

  std::size_t size() const { return buckets_.size(); }
  bool empty() const { return buckets_.empty(); }

  // The buckets as a table, those with the most files first; then for each the command that shows its smallest file;
  // with `list`, also all their files. The table has lines of at most `width` characters; commands are never broken.
  std::string render(std::size_t width, bool list) const;

 private:
  struct Bucket {
    Kind kind;
    std::vector<File> files;

    const File& smallest() const;
  };

  std::vector<const Bucket*> in_order() const;

  std::map<Kind, std::size_t> numbers_;
  std::vector<Bucket> buckets_;
};

}  // namespace shootdown
