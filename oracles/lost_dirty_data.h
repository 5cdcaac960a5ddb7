// Nothing that was written is dropped.
//
// Proves: a page that leaves the page cache, or is still in it at the end of the
// run, either is dirty or has on the disk what it has in memory. A clean page
// with other contents than the disk is what the race of the 2022 patch leaves
// behind: data that no writeback will ever find.
//
// Does not use the reference. Cannot see data that was lost and then overwritten
// and saved.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class LostDirtyData final : public Oracle {
 public:
  using Oracle::Oracle;

  void uncached(int cpu, const Page& page, int file, int index) override {
    const int word = lost_word(page, file, index);
    if (word < 0) return;
    violate(cpu, "page {} of file {} leaves the page cache clean, but its word {} is {} in memory and {} on the disk",
            index, file, word, in_memory(page, word), on_disk(file, index, word));
  }

  void end(const Kernel& kernel, Scheduler::Outcome outcome) override {
    if (outcome != Scheduler::Outcome::completed) return;
    for (int file = 0; file < kernel.config.files; ++file) {
      for (int index = 0; index < kernel.config.pages; ++index) {
        const Page* const page =
            kernel.files[static_cast<std::size_t>(file)].slots[index].load(std::memory_order_relaxed);
        if (page != nullptr && !page->test(PG_dirty)) check_left(*page, file, index);
      }
    }
  }

 private:
  void check_left(const Page& page, int file, int index) {
    const int word = lost_word(page, file, index);
    if (word < 0) return;
    violate(-1,
            "page {} of file {} is left in the page cache clean, but its word {} is {} in memory and {} on the disk",
            index, file, word, in_memory(page, word), on_disk(file, index, word));
  }

  Word in_memory(const Page& page, int word) const {
    return kernel().frame(&page).words[word].load(std::memory_order_relaxed);
  }
  Word on_disk(int file, int index, int word) const {
    return kernel().files[static_cast<std::size_t>(file)].disk[index][word].load(std::memory_order_relaxed);
  }
  // The first word that differs; -1: none does.
  int lost_word(const Page& page, int file, int index) const {
    for (int word = 0; word < kernel().config.words; ++word) {
      if (in_memory(page, word) != on_disk(file, index, word)) return word;
    }
    return -1;
  }
};

}  // namespace shootdown
