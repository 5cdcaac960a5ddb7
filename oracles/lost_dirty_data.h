// Nothing that was written is dropped.
//
// Proves: a page that leaves the page cache, or is still in it at the end of the
// run, either is dirty, and so are its buffers if it has any, or has on the disk what
// it has in memory. On a tmpfs the disk stands for zeros. The same for a
// page of the cache whenever somebody drops the last reference that is not the
// cache's or its buffers': then nobody is about to write to it, save it or mark it
// dirty, unless it is locked, mapped or under writeback. That is where a gather
// lets go of its pages, and where whoever saved a page does. A clean page with
// other contents than the disk is what the race of the 2022 patch leaves behind:
// data that no writeback will ever find. One that has not been read in yet has no data;
// and what is being cut off or punched out of its file is no loss. A page that is pinned may
// have what a device has just written, and who pinned it dirties it when he lets go of it: if
// it is dropped before, that was nobody's to save.
//
// Does not use the reference. Cannot see data that was lost and then overwritten
// and saved while references were held.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class LostDirtyData final : public Oracle<event::PutPage, event::RemoveFromPageCache, event::BeginDiscard,
                                          event::EndDiscard, event::RunEnds> {
 public:
  LostDirtyData(OracleId id, Trial& trial) : Oracle(id, trial), discards_(row<Discard>(machine().files)) {}

  void on(int /*cpu*/, const event::BeginDiscard& event) { discards_[event.file] = {event.first, event.count}; }
  void on(int /*cpu*/, const event::EndDiscard& event) { discards_[event.file] = {}; }

  void on(int cpu, const event::PutPage& event) {
    // What the cache and buffers hold, at most.
    if (event.refcount < 1 || event.refcount > number(event.page.pages) + 1) return;
    const FrameFacts facts = world().frame_facts(event.page.frame);
    if (!facts.cached() || !is_left_alone(facts)) return;
    each_page(facts.folio, [&](const PageFact& page) {
      compare_with_disk(cpu, page,
                        "page {} of file {} is let go of clean, but its word {} is {} in memory and {} on the disk");
    });
  }

  void on(int cpu, const event::RemoveFromPageCache& event) {
    const FrameFacts facts = world().frame_facts(event.page.frame);
    if (!facts.test(PG_uptodate) || facts.maybe_dma_pinned()) return;
    each_page(event.page, [&](const PageFact& page) {
      compare_with_disk(
          cpu, page,
          "page {} of file {} leaves the page cache clean, but its word {} is {} in memory and {} on the disk");
    });
  }

  void on(int /*cpu*/, const event::RunEnds& event) {
    if (event.outcome != Outcome::completed) return;
    for (int file = 0; file < machine().files; ++file) {
      for (int index = 0; index < machine().pages; ++index) {
        const PageFact page{world().cached_frame(file, index), as_fact(file), as_fact(index)};
        if (page.frame == no_fact || world().frame_facts(page.frame).is_to_be_saved()) continue;
        compare_with_disk(
            -1, page,
            "page {} of file {} is left in the page cache clean, but its word {} is {} in memory and {} on the disk");
      }
    }
  }

 private:
  // A clean page of the cache that nobody uses.
  static bool is_left_alone(const FrameFacts& facts) {
    if (facts.mapcount > 0 || facts.refcount != facts.cache_references()) return false;
    return (facts.flags & (PG_uptodate | PG_locked | PG_writeback)) == PG_uptodate && !facts.is_to_be_saved();
  }

  using Message = fmt::format_string<const Fact&, const Fact&, int&, const Fact&, const Fact&>;

  // Says so of the first word that differs, unless the page is being thrown away.
  void compare_with_disk(int cpu, const PageFact& page, Message message) {
    const Discard& discard = discards_[file_of(page)];
    if (page.index - discard.first < discard.count) return;
    for (int word = 0; word < machine().words; ++word) {
      const Fact in_memory = world().frame_word(page.frame, word);
      const Fact on_disk = world().disk_word(number(page.file), number(page.index), word);
      if (in_memory == on_disk) continue;
      return violate(cpu, message, page.index, page.file, word, in_memory, on_disk);
    }
  }

  // What is thrown away of a file; count 0: nothing.
  struct Discard {
    Fact first = 0;
    Fact count = 0;
  };
  Row<Discard> discards_;
};

}  // namespace shootdown
