// What was written before an fsync is on the disk when it returns.
//
// Proves: when fsync or msync returns, every word of its range on the disk is
// what was there when the call began, or something that was written later; a
// write() counts from its return, a store through a mapping at once. The values of stores grow in the order in which they take effect, so "later" is
// "greater".
//
// Cannot see whether the disk keeps what it was given.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class FsyncDurability final : public Oracle {
 public:
  using Oracle::Oracle;

  void fsync_started(int cpu, const PageRange& range) override {
    for (int i = 0; i < range.count; ++i) {
      for (int word = 0; word < kernel().config.words; ++word) {
        required_[cpu][i][word] = reference().settled_word(range.owner, range.first + i, word);
      }
    }
  }

  void fsync_returned(int cpu, const PageRange& range) override {
    const AddressSpace& file = kernel().files[static_cast<std::size_t>(range.owner)];
    for (int i = 0; i < range.count; ++i) {
      for (int word = 0; word < kernel().config.words; ++word) {
        const Word disk = file.disk[range.first + i][word].load(std::memory_order_relaxed);
        if (disk >= required_[cpu][i][word]) continue;
        violate(cpu,
                "fsync by cpu {} returns, but the disk has {} in page {} word {} of file {}, where {} had been written "
                "before it began",
                cpu, disk, range.first + i, word, range.owner, required_[cpu][i][word]);
      }
    }
  }

 private:
  // What each CPU's fsync found when it began: a CPU runs one at a time.
  Word required_[max_cpus][max_file_pages][max_words] = {};
};

}  // namespace shootdown
