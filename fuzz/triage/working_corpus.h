// The corpus that a fuzzer lets grow, replaced as a whole or not at all.
//
// Only one process works on it at a time. However that ends, SIGKILL and power cuts
// included, the old corpus or the new one is in its place as a whole, at the latest
// when the next one begins to work on it. What a fuzzer adds in the meantime stays.
//
// Whatever goes wrong is thrown, as a std::runtime_error that says what.
#pragma once

#include <filesystem>
#include <set>

namespace shootdown {

class WorkingCorpus {
 public:
  // The folder need not be there; one for work in progress is made beside it.
  explicit WorkingCorpus(const std::filesystem::path& folder);
  // Removes the latter.
  ~WorkingCorpus();
  WorkingCorpus(const WorkingCorpus&) = delete;
  WorkingCorpus& operator=(const WorkingCorpus&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  // For work in progress: empty at first, and on the same file system.
  const std::filesystem::path& scratch() const { return scratch_; }
  // Whether it had no files at the beginning.
  bool empty() const { return names_.empty(); }

  // Puts another folder, which is on the same file system, into its place.
  void replace(const std::filesystem::path& fresh);

 private:
  void lock();
  void restore();
  std::set<std::filesystem::path> names() const;
  std::filesystem::path old() const { return scratch_ / "old"; }

  std::filesystem::path folder_;
  std::filesystem::path scratch_;
  int lock_ = -1;
  bool in_doubt_ = false;                  // the old corpus is nowhere but in the scratch folder
  std::set<std::filesystem::path> names_;  // of the files that were there at the beginning
};

}  // namespace shootdown
