// What was written before an fsync is on the disk when it returns.
//
// Proves: when fsync or msync returns, every word of its range on the disk is
// what was there when the call began, or something that was written later; a
// write() counts from its return, a store through a mapping at once, and nothing that
// was cut off or punched out of the file since the call began. The values
// of stores grow in the order in which they take effect, so "later" is "greater",
// and nothing is greater than what was written last.
//
// Where page_mkwrite may leave a page clean, an entry is writable before the page is
// tagged, and an fsync that begins in between finds nothing to save. It owes what it
// can find: all, if the page is tagged by then; and if it is not, but is locked for
// somebody who may be about to tag it, or dirty already, what was there when it was last
// read in or written back.
//
// Cannot see whether the disk keeps what it was given; nor all garbage: a value in
// between that was written to another place passes for a later one. Where page_mkwrite may
// leave a page clean: a store by a stale translation, if the page is locked when the fsync begins.
#pragma once

#include <cstdint>

#include "oracles/oracle.h"

namespace shootdown {

class FsyncDurability final
    : public ComparingOracle<event::FsyncBegins, event::FsyncReturns, event::AddToPageCache, event::SetWriteback> {
 public:
  FsyncDurability(OracleId id, Trial& trial)
      : ComparingOracle(id, trial),
        saved_(row<Page>(machine().mkwrite_leaves_clean() ? machine().files * machine().pages : 0)) {
    for (Required& required : required_) required.pages = row<Page>(machine().pages);
  }

  void on(int cpu, const event::FsyncBegins& event) {
    const int file = number(event.file);
    required_[cpu].began = reference().now();
    for (Fact i = 0; i < event.count; ++i) {
      const int index = number(event.first + i);
      required_[cpu].pages[i] = may_miss_stores(file, index) ? saved(file, index) : settled(file, index);
    }
  }

  void on(int cpu, const event::FsyncReturns& event) {
    const int file = number(event.file);
    for (Fact i = 0; i < event.count; ++i) {
      const int index = number(event.first + i);
      for (int word = 0; word < machine().words; ++word) {
        const Fact disk = world().disk_word(file, index, word);
        const Fact required = required_[cpu].pages[i].words[word];
        if (reference().allows_on_disk(file, index, word, required_[cpu].began, required, disk)) continue;
        report(cpu, file, index, word, disk, required);
      }
    }
  }

  // What is on the disk then, or will be when the writeback ends for which every fsync waits.
  void on(int /*cpu*/, const event::AddToPageCache& event) {
    if (event.added != 0) note_saved(event.page);
  }
  void on(int /*cpu*/, const event::SetWriteback& event) { note_saved(event.page); }

 private:
  // The words of a page.
  struct Page {
    Fact words[max_words];
  };

  // Whether a store may have been made to the page that an fsync which begins now does not find.
  bool may_miss_stores(int file, int index) const {
    if (!machine().mkwrite_leaves_clean() || (world().cache_tags(file, index) & PAGECACHE_TAG_DIRTY) != 0) return false;
    const Fact frame = world().cached_frame(file, index);
    return frame != no_fact && (world().frame_facts(frame).flags & (PG_locked | PG_dirty)) != 0;
  }

  Page settled(int file, int index) const {
    Page page{};
    for (int word = 0; word < machine().words; ++word) page.words[word] = reference().settled_word(file, index, word);
    return page;
  }

  Page& saved(int file, int index) { return saved_[file * machine().pages + index]; }

  void note_saved(const PageFact& pages) {
    if (!machine().mkwrite_leaves_clean() || pages.file == no_fact) return;
    each_page(pages, [&](const PageFact& page) {
      saved(number(page.file), number(page.index)) = settled(number(page.file), number(page.index));
    });
  }

  void report(int cpu, int file, int index, int word, Fact disk, Fact required) {
    if (disk < required) {
      violate(cpu,
              "fsync by cpu {} returns, but the disk has {} in page {} word {} of file {}, where {} had been written "
              "before it began",
              cpu, disk, index, word, file, required);
    } else {
      violate(cpu,
              "fsync by cpu {} returns, but the disk has {} in page {} word {} of file {}, where {} was written last",
              cpu, disk, index, word, file, reference().file_word(file, index, word));
    }
  }

  // What each CPU's fsync found when it began: a CPU runs one at a time.
  struct Required {
    Reference::Moment began = 0;
    Row<Page> pages;  // from the first of its range on
  };
  Row<Required> required_ = one_per_cpu<Required>();
  Row<Page> saved_;  // of each file; none where it is not asked for
};

}  // namespace shootdown
