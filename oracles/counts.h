// The kernel's counts are right.
//
// Proves: no page's mapcount or refcount falls below zero; a page that is freed
// has neither references nor mappings; one that leaves the page cache is not
// mapped; and at the end of the run
// every page that is not in the page cache is free, every page in it has just
// the references that the cache and its buffers hold, nothing is mapped or in swap
// space, every mm's RSS is zero, of each kind, and no flush is pending.
//
// Between these moments a count may be wrong unnoticed.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class Counts final
    : public Oracle<event::PutPage, event::RemoveRmap, event::FreePage, event::RemoveFromPageCache, event::RunEnds> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::PutPage& event) {
    if (event.refcount >= 0) return;
    violate(cpu, "the refcount of page frame {} falls to {}", event.page.frame, event.refcount);
  }

  void on(int cpu, const event::RemoveRmap& event) {
    if (event.mapcount >= 0) return;
    violate(cpu, "the mapcount of page frame {} falls to {}", event.page.frame, event.mapcount);
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
    for (Fact frame = 0; frame < frames; ++frame) check_frame(frame);
    for (int mm = 0; mm < machine().mms; ++mm) check_mm(mm);
    for (int slot = 0; slot < world().swap_slots(); ++slot) check_slot(slot);
  }

 private:
  void compare_mapcount(int cpu, Fact frame, const FrameFacts& facts) {
    const auto entries = static_cast<std::int32_t>(facts.entries);
    if (facts.mapcount == entries) return;
    violate(cpu, "page frame {} has mapcount {}, but {} page-table entries lead to it", frame, facts.mapcount, entries);
  }

  void check_frame(Fact frame) {
    const FrameFacts facts = world().frame_facts(frame);
    const int expected = facts.cached() ? 1 + (facts.test(PG_buffers) ? 1 : 0) : 0;
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
    const RssFacts rss = world().rss(mm);
    if (rss.file != 0) violate(-1, "at the end mm {} has an RSS of {} pages of files", mm, rss.file);
    if (rss.anonymous != 0) violate(-1, "at the end mm {} has an RSS of {} anonymous pages", mm, rss.anonymous);
    if (rss.swapped != 0) violate(-1, "at the end mm {} counts {} pages in swap space", mm, rss.swapped);
    const int pending = world().flushes_pending(mm);
    if (pending != 0) violate(-1, "at the end mm {} has {} flushes pending", mm, pending);
    const int tables = world().page_tables(mm);
    for (int table = 0; table < tables; ++table) {
      const int present = world().present_entries(mm, table);
      if (present != 0) violate(-1, "at the end page table {} of mm {} counts {} present entries", table, mm, present);
    }
  }
};

}  // namespace shootdown
