// The kernel's counts are right.
//
// Proves: no page's mapcount or refcount falls below zero; at no time do more entries of
// page tables lead to a page than its mapcount says, or somebody could take it for
// unmapped while it is mapped; no entry leads CPUs to a page that is in a device's
// private memory, where the kernel counts entries of another kind; a page that is freed
// has neither references nor mappings; one that leaves the page cache is not
// mapped; whenever an mm's entries have changed and nobody holds the lock of any of its page
// tables any more, its RSS is what they lead to, by kind; and at the end of the run
// every page that is not in the page cache is free, every page in it has just
// the references that the cache and its buffers hold, nothing is mapped or in swap
// space, every mm's RSS is zero, of each kind, and no flush is pending.
//
// A mapcount may be higher than it should be unnoticed until the page is freed or leaves
// the page cache: engines that remove rmaps late rely on that. So may a refcount. Where
// RSS is counted in several places and then added up, as in Linux's own code, it is
// looked at in the end only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "oracles/oracle.h"

namespace shootdown {

class Counts final : public Oracle<event::PutPage, event::RemoveRmap, event::SetEntry, event::ClearEntry,
                                   event::DropLock, event::FreePage, event::RemoveFromPageCache, event::RunEnds> {
 public:
  Counts(OracleId id, Trial& trial)
      : Oracle(id, trial),
        counted_as_(row<RssKind>(machine().mms * machine().virtual_pages())),
        entries_(row<Entries>(machine().mms)) {
    std::ranges::fill(counted_as_, rss_kinds);
  }

  void on(int cpu, const event::PutPage& event) {
    if (event.refcount >= 0) return;
    violate(cpu, "the refcount of page frame {} falls to {}", event.page.frame, event.refcount);
  }

  void on(int cpu, const event::RemoveRmap& event) {
    if (event.mapcount < 0) {
      violate(cpu, "the mapcount of page frame {} falls to {}", event.page.frame, event.mapcount);
    } else {
      check_mapcount(cpu, event.page.frame, world().frame_facts(event.page.frame));
    }
  }

  void on(int cpu, const event::SetEntry& event) {
    const EntryFact entry = event.entry;
    if (!entry.present() && !entry.migrating() && !entry.device_exclusive() && !entry.device_private())
      return count_entry(number(event.mm), number(event.page), entry.swapped() ? MM_SWAPENTS : rss_kinds);
    const FrameFacts facts = world().frame_facts(entry.frame());
    count_entry(number(event.mm), number(event.page), counts_as(facts));
    if (entry.present()) check_mapped(cpu, event, facts);
  }

  void on(int /*cpu*/, const event::ClearEntry& event) { count_entry(number(event.mm), number(event.page), rss_kinds); }

  void on(int cpu, const event::DropLock& event) {
    if (event.lock.kind != LockClass::page_table || !world().counts_rss_at_once()) return;
    const int mm = number(event.lock.owner);
    if (!entries_[mm].changed || world().page_table_locked(mm)) return;
    entries_[mm].changed = false;
    compare_rss(cpu, mm);
  }

  void on(int cpu, const event::FreePage& event) {
    if (event.refcount == 0 && event.mapcount == 0) return;
    violate(cpu, "page frame {} is freed with refcount {} and mapcount {}", event.page.frame, event.refcount,
            event.mapcount);
  }

  void on(int cpu, const event::RemoveFromPageCache& event) {
    const FrameFacts facts = world().frame_facts(event.page.frame);
    if (facts.mapcount != 0)
      violate(cpu, "page frame {} leaves the page cache with mapcount {}", event.page.frame, facts.mapcount);
    compare_mapcount(cpu, event.page.frame, facts);
  }

  // Whether a violation is that of a page that was dropped while it looked mapped.
  static bool tells_of_dropped_page(const Violation& violation) {
    return violation.form.find("leaves the page cache") != std::string_view::npos;
  }

  void on(int /*cpu*/, const event::RunEnds& event) {
    if (event.outcome != Outcome::completed) return;
    const Fact frames = static_cast<Fact>(world().frames());
    for (Fact frame = 0; frame < frames; ++frame) {
      if (world().frame_facts(frame).folio.frame == frame) check_folio(frame);
    }
    for (int mm = 0; mm < machine().mms; ++mm) check_mm(mm);
    for (int slot = 0; slot < world().swap_slots(); ++slot) check_slot(slot);
  }

 private:
  // Of an mm's page tables.
  struct Entries {
    std::array<long, rss_kinds> by_kind{};
    bool changed = false;  // since they were last compared with what the mm counts
  };

  // As what an entry counts that leads there; one for a page that is being moved, or that a device has, as before.
  // rss_kinds: as nothing.
  static RssKind counts_as(const FrameFacts& facts) {
    if (facts.uncounted) return rss_kinds;
    return facts.anonymous ? MM_ANONPAGES : MM_FILEPAGES;
  }

  // From now on the entry counts so.
  void count_entry(int mm, int page, RssKind kind) {
    RssKind& counted = counted_as_[mm * machine().virtual_pages() + page];
    if (kind == counted) return;
    entries_[mm].changed = true;
    auto& by_kind = entries_[mm].by_kind;
    if (counted != rss_kinds) --by_kind[counted];
    if (kind != rss_kinds) ++by_kind[kind];
    counted = kind;
  }

  void compare_rss(int cpu, int mm) {
    const auto& entries = entries_[mm].by_kind;
    const long files = world().rss(mm, MM_FILEPAGES);
    const long anonymous = world().rss(mm, MM_ANONPAGES);
    const long swapped = world().rss(mm, MM_SWAPENTS);
    if (files != entries[MM_FILEPAGES])
      violate(cpu, "mm {} counts {} pages of files, but {} entries lead to such", mm, files, entries[MM_FILEPAGES]);
    if (anonymous != entries[MM_ANONPAGES])
      violate(cpu, "mm {} counts {} anonymous pages, but {} entries lead to such", mm, anonymous,
              entries[MM_ANONPAGES]);
    if (swapped != entries[MM_SWAPENTS])
      violate(cpu, "mm {} counts {} pages in swap space, but {} entries lead there", mm, swapped, entries[MM_SWAPENTS]);
  }

  void check_mapped(int cpu, const event::SetEntry& event, const FrameFacts& facts) {
    const Fact frame = event.entry.frame();
    if (facts.of_device)
      violate(cpu, "virtual page {} of mm {} leads to page frame {}, which no CPU can reach", event.page, event.mm,
              frame);
    check_mapcount(cpu, frame, facts);
  }

  void check_mapcount(int cpu, Fact frame, const FrameFacts& facts) {
    if (facts.mapcount < static_cast<std::int32_t>(facts.entries)) compare_mapcount(cpu, frame, facts);
  }

  void compare_mapcount(int cpu, Fact frame, const FrameFacts& facts) {
    const auto entries = static_cast<std::int32_t>(facts.entries);
    if (facts.mapcount == entries) return;
    violate(cpu, "page frame {} has mapcount {}, but {} page-table entries lead to it", frame, facts.mapcount, entries);
  }

  // By its first page frame.
  void check_folio(Fact frame) {
    const FrameFacts facts = world().frame_facts(frame);
    const std::int32_t expected = facts.cached() ? facts.cache_references() : 0;
    if (facts.refcount != expected && facts.cached()) {
      violate(-1, "at the end page frame {}, which is in the page cache, has refcount {} instead of {}", frame,
              facts.refcount, expected);
    } else if (facts.refcount != expected) {
      violate(-1, "at the end page frame {}, which is not in the page cache, has refcount {} instead of {}", frame,
              facts.refcount, expected);
    }
    if (facts.mapcount != 0) violate(-1, "at the end page frame {} has mapcount {}", frame, facts.mapcount);
    compare_mapcount(-1, frame, facts);
  }

  void check_slot(int slot) {
    const int users = world().swap_users(slot);
    if (users != 0) violate(-1, "at the end {} entries lead to swap slot {}, by the kernel's count", users, slot);
  }

  void check_mm(int mm) {
    const long files = world().rss(mm, MM_FILEPAGES);
    if (files != 0) violate(-1, "at the end mm {} counts {} pages of files", mm, files);
    const long anonymous = world().rss(mm, MM_ANONPAGES);
    if (anonymous != 0) violate(-1, "at the end mm {} counts {} anonymous pages", mm, anonymous);
    const long swapped = world().rss(mm, MM_SWAPENTS);
    if (swapped != 0) violate(-1, "at the end mm {} counts {} pages in swap space", mm, swapped);
    const int pending = world().flushes_pending(mm);
    if (pending != 0) violate(-1, "at the end mm {} has {} flushes pending", mm, pending);
    const int tables = world().page_tables(mm);
    for (int table = 0; table < tables; ++table) {
      const int present = world().present_entries(mm, table);
      if (present != 0) violate(-1, "at the end page table {} of mm {} counts {} present entries", table, mm, present);
    }
  }

  Row<RssKind> counted_as_;  // by mm and virtual page
  Row<Entries> entries_;     // by mm
};

}  // namespace shootdown
