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

class LostDirtyData final : public Oracle<event::RemoveFromPageCache, event::RunEnds> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::RemoveFromPageCache& event) override {
    const Fact frame = event.page.frame;
    const int file = file_of(event.page);
    const int index = number(event.page.index);
    const int word = lost_word(frame, file, index);
    if (word < 0) return;
    violate(cpu, "page {} of file {} leaves the page cache clean, but its word {} is {} in memory and {} on the disk",
            index, file, word, world().frame_word(frame, word), world().disk_word(file, index, word));
  }

  void on(int /*cpu*/, const event::RunEnds& event) override {
    if (event.outcome != Outcome::completed) return;
    for (int file = 0; file < machine().files; ++file) {
      for (int index = 0; index < machine().pages; ++index) {
        const Fact frame = world().cached_frame(file, index);
        if (frame != no_fact && !world().frame_facts(frame).test(PG_dirty)) check_left(frame, file, index);
      }
    }
  }

 private:
  void check_left(Fact frame, int file, int index) {
    const int word = lost_word(frame, file, index);
    if (word < 0) return;
    violate(-1,
            "page {} of file {} is left in the page cache clean, but its word {} is {} in memory and {} on the disk",
            index, file, word, world().frame_word(frame, word), world().disk_word(file, index, word));
  }

  // The first word that differs; -1: none does.
  int lost_word(Fact frame, int file, int index) const {
    for (int word = 0; word < machine().words; ++word) {
      if (world().frame_word(frame, word) != world().disk_word(file, index, word)) return word;
    }
    return -1;
  }
};

}  // namespace shootdown
