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
    compare(cpu, page, file, index, "leaves the page cache");
  }

  void end(const Kernel& kernel, Scheduler::Outcome outcome) override {
    if (outcome != Scheduler::Outcome::completed) return;
    for (int file = 0; file < kernel.config.files; ++file) {
      for (int index = 0; index < kernel.config.pages; ++index) {
        const Page* const page =
            kernel.files[static_cast<std::size_t>(file)].slots[index].load(std::memory_order_relaxed);
        if (page != nullptr && !page->test(PG_dirty)) compare(-1, *page, file, index, "is left in the page cache");
      }
    }
  }

 private:
  void compare(int cpu, const Page& page, int file, int index, const char* what) {
    for (int word = 0; word < kernel().config.words; ++word) {
      const Word memory = kernel().frame(&page).words[word].load(std::memory_order_relaxed);
      const Word disk =
          kernel().files[static_cast<std::size_t>(file)].disk[index][word].load(std::memory_order_relaxed);
      if (memory == disk) continue;
      violate(cpu, "page {} of file {} {} clean, but its word {} is {} in memory and {} on the disk", index, file, what,
              word, memory, disk);
    }
  }
};

}  // namespace shootdown
