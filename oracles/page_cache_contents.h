// Everybody sees the data that the reference has.
//
// Proves: every load and read() returns the word that was last written to that
// place of the file, by whomever and however; a page is refused only if it may
// be, a store to it alone only if it may be write-protected, and loaded from only
// if something may be seen there; and at the end, when
// everything is unmapped, synced and dropped from the page cache, the disk equals
// the reference word by word. What a tmpfs could not drop, because it is dirty, is all that
// is left of its files: there it is the page cache that is compared, and zeros elsewhere.
//
// A page that has left the page cache while it was in use may be seen as it was
// then, by those whom the reference names. What was cut off or punched out of a file is
// zeros; a page beyond the end of its file is refused. A page for a device's store is refused
// only where a store may be.
//
// What an address space has of its own is looked at once more before it is torn down, or its
// only window unmapped: what its page tables lead to then is what the reference has.
//
// Cannot see: data that was lost and then overwritten before anybody looked; what is in swap space and
// not read in any more.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class PageCacheContents final : public ComparingOracle<event::UserAccess, event::RefuseAccess, event::RefusePin,
                                                       event::ReadWord, event::BeginUnmap, event::RunEnds> {
 public:
  using ComparingOracle::ComparingOracle;

  void on(int cpu, const event::UserAccess& event) {
    if (event.access == Access::fault || event.store != 0) return;
    const int mm = number(event.mm);
    const int page = number(event.page);
    const int word = number(event.word);
    if (reference().allows(mm, page, word, number(event.frame), event.value)) return;
    if (!reference().is_mapped(mm, page)) {
      violate(cpu, "cpu {} loads {} from virtual page {} word {} of mm {}, which is unmapped", cpu, event.value, page,
              word, mm);
    } else if (!reference().may_access(mm, page, number(event.frame))) {
      violate(cpu, "cpu {} loads {} from virtual page {} word {} of mm {}, which has been thrown away", cpu,
              event.value, page, word, mm);
    } else {
      violate(cpu, "cpu {} loads {} from virtual page {} word {} of mm {}, where {} was written last", cpu, event.value,
              page, word, mm, reference().shown_word(mm, page, word));
    }
  }

  void on(int cpu, const event::RefuseAccess& event) {
    const int mm = number(event.mm);
    const int page = number(event.page);
    if (event.read_only == 0 && !reference().may_refuse(cpu, mm, page)) {
      violate(cpu, "cpu {} is refused virtual page {} of mm {}, which is mapped", cpu, page, mm);
    } else if (event.read_only != 0 && !reference().may_refuse_store(mm, page)) {
      violate(cpu, "cpu {} is refused a store to virtual page {} of mm {}, which may be written to", cpu, page, mm);
    }
  }

  void on(int cpu, const event::RefusePin& event) {
    const int mm = number(event.mm);
    const int page = number(event.page);
    if (reference().may_refuse_pin(cpu, mm, page)) return;
    violate(cpu, "no page of virtual page {} of mm {} is pinned for cpu {}, though it may be written to", page, mm,
            cpu);
  }

  void on(int cpu, const event::ReadWord& event) {
    const int file = file_of(event.page);
    const int index = number(event.page.index);
    const int word = number(event.word);
    if (reference().allows_read(cpu, file, index, word, number(event.page.frame), event.value)) return;
    violate(cpu, "cpu {} reads {} from page {} word {} of file {}, where {} was written last", cpu, event.value, index,
            word, file, reference().file_word(file, index, word));
  }

  void on(int cpu, const event::BeginUnmap& event) {
    const int mm = number(event.mm);
    const bool all = event.only_stores == 0 && number(event.count) == machine().virtual_pages();
    if (!all || !reference().has_private_memory() || reference().is_being_forked(mm)) return;
    // Who holds the lock is about to change entries.
    if (world().page_table_locked(mm)) return;
    for (int page = 0; page < machine().virtual_pages(); ++page) {
      if (reference().is_mapped(mm, page) && reference().is_private(mm, page)) compare_with_entry(cpu, mm, page);
    }
  }

  void on(int /*cpu*/, const event::RunEnds& event) {
    if (event.outcome != Outcome::completed) return;
    for (int file = 0; file < machine().files; ++file) {
      for (int index = 0; index < machine().pages; ++index) {
        const Fact frame = machine().tmpfs != 0 ? world().cached_frame(file, index) : no_fact;
        frame != no_fact ? compare_with_frame(file, index, frame) : compare_with_disk(file, index);
      }
    }
  }

 private:
  void compare_with_entry(int cpu, int mm, int page) {
    const EntryFact entry = world().entry(mm, page);
    const int frame = number(entry.frame());
    if (entry.none()) {
      if (reference().may_be_gone(mm, page)) return;
      violate(cpu, "nothing is left of virtual page {} of mm {}, which was written to", page, mm);
    } else if (entry.present() && reference().may_access(mm, page, frame)) {
      for (int word = 0; word < machine().words; ++word) {
        const Fact value = world().frame_word(entry.frame(), word);
        if (reference().allows(mm, page, word, frame, value)) continue;
        violate(cpu, "mm {} has {} in virtual page {} word {}, where {} was written last", mm, value, page, word,
                reference().shown_word(mm, page, word));
      }
    }
  }

  void compare_with_frame(int file, int index, Fact frame) {
    for (int word = 0; word < machine().words; ++word) {
      const Fact value = world().frame_word(frame, word);
      if (reference().allows_on_disk(file, index, word, value)) continue;
      violate(-1, "at the end page {} of file {} has {} in word {}, where {} was written last", index, file, value,
              word, reference().file_word(file, index, word));
    }
  }

  void compare_with_disk(int file, int index) {
    for (int word = 0; word < machine().words; ++word) {
      const Fact value = world().disk_word(file, index, word);
      if (reference().allows_on_disk(file, index, word, value)) continue;
      violate(-1, "after the final sync the disk has {} in page {} word {} of file {}, where {} was written last",
              value, index, word, file, reference().file_word(file, index, word));
    }
  }
};

}  // namespace shootdown
