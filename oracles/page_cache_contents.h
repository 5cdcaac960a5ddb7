// Everybody sees the data that the reference has.
//
// Proves: every load and read() returns the word that was last written to that
// place of the file, by whomever and however; a page is refused only if it may
// be; and at the end, when everything is unmapped, synced and dropped from the
// page cache, the disk equals the reference word by word.
//
// A page that has left the page cache while it was in use is excused: then its
// older value is right for a read() that had found it before, as for a load whose
// translation a gather of the mm has yet to flush. The kernel drops a clean page
// from the page cache (invalidate_inode_pages2) without asking who has a reference,
// and unmaps it only if it is mapped; one whose entry was cleared is not, though
// TLBs still lead to it.
//
// Cannot see: data that was lost and then overwritten before anybody looked.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class PageCacheContents final
    : public ComparingOracle<event::UserAccess, event::RefuseAccess, event::ReadWord, event::RunEnds> {
 public:
  using ComparingOracle::ComparingOracle;

  void on(int cpu, const event::UserAccess& event) override {
    if (event.access == Access::fault || event.store != 0) return;
    const Fact expected = reference().mapped_word(number(event.page), number(event.word));
    if (event.value == expected) return;
    const bool to_be_flushed = world().flushes_pending(number(event.mm)) != 0;
    if (to_be_flushed && was_dropped(event.frame) && event.value < expected) return;
    violate(cpu, "cpu {} loads {} from virtual page {} word {} of mm {}, where {} was written last", cpu, event.value,
            event.page, event.word, event.mm, expected);
  }

  void on(int cpu, const event::RefuseAccess& event) override {
    if (reference().may_refuse(number(event.mm), number(event.page))) return;
    violate(cpu, "cpu {} is refused virtual page {} of mm {}, which is mapped", cpu, event.page, event.mm);
  }

  void on(int cpu, const event::ReadWord& event) override {
    const PageFact& page = event.page;
    const Fact expected = reference().word(file_of(page), number(page.index), number(event.word));
    if (event.value == expected) return;
    if (was_dropped(page.frame) && event.value < expected) return;
    violate(cpu, "cpu {} reads {} from page {} word {} of file {}, where {} was written last", cpu, event.value,
            page.index, event.word, page.file, expected);
  }

  void on(int /*cpu*/, const event::RunEnds& event) override {
    if (event.outcome != Outcome::completed) return;
    for (int file = 0; file < machine().files; ++file) {
      for (int index = 0; index < machine().pages; ++index) compare_with_disk(file, index);
    }
  }

 private:
  // Whether the frame is in no page cache.
  bool was_dropped(Fact frame) const { return !world().frame_facts(frame).cached(); }

  void compare_with_disk(int file, int index) {
    for (int word = 0; word < machine().words; ++word) {
      const Fact value = world().disk_word(file, index, word);
      const Fact expected = reference().word(file, index, word);
      if (value == expected) continue;
      violate(-1, "after the final sync the disk has {} in page {} word {} of file {}, where {} was written last",
              value, index, word, file, expected);
    }
  }
};

}  // namespace shootdown
