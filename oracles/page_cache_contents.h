// Everybody sees the data that the reference has.
//
// Proves: every load and read() returns the word that was last written to that
// place of the file, by whomever and however; a page is refused only if it may
// be; and at the end, when everything is unmapped, synced and dropped from the
// page cache, the disk equals the reference word by word.
//
// Cannot see: data that was lost and then overwritten before anybody looked.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class PageCacheContents final : public Oracle {
 public:
  using Oracle::Oracle;

  void accessed(const UserAccess& access) override {
    if (access.store) return;
    const Word expected = reference().mapped_word(access.page, access.word);
    if (access.result.value == expected) return;
    violate(access.cpu, "cpu {} loads {} from virtual page {} word {} of mm {}, where {} was written last", access.cpu,
            access.result.value, access.page, access.word, access.mm, expected);
  }

  void refused(int cpu, int mm, int page) override {
    if (reference().may_refuse(mm, page)) return;
    violate(cpu, "cpu {} is refused virtual page {} of mm {}, which is mapped", cpu, page, mm);
  }

  void file_accessed(int cpu, int file, int index, int word, bool write, Word value) override {
    if (write) return;
    const Word expected = reference().word(file, index, word);
    if (value == expected) return;
    violate(cpu, "cpu {} reads {} from page {} word {} of file {}, where {} was written last", cpu, value, index, word,
            file, expected);
  }

  void end(const Kernel& kernel, Scheduler::Outcome outcome) override {
    if (outcome != Scheduler::Outcome::completed) return;
    for (int file = 0; file < kernel.config.files; ++file) {
      for (int index = 0; index < kernel.config.pages; ++index) compare_with_disk(file, index);
    }
  }

 private:
  void compare_with_disk(int file, int index) {
    for (int word = 0; word < kernel().config.words; ++word) {
      const Word value =
          kernel().files[static_cast<std::size_t>(file)].disk[index][word].load(std::memory_order_relaxed);
      const Word expected = reference().word(file, index, word);
      if (value == expected) continue;
      violate(-1, "after the final sync the disk has {} in page {} word {} of file {}, where {} was written last",
              value, index, word, file, expected);
    }
  }
};

}  // namespace shootdown
