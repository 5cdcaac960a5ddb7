// A page does not look unmapped while a CPU can still write to it unnoticed.
//
// Proves: when the last rmap of a page is removed, no other CPU that may run user
// code has a writable and dirty entry for it in its TLB, of whatever mm. Through
// such an entry a CPU writes without a look at the page table; and page_mkclean,
// which makes a page safe to be saved, skips one that looks unmapped. This is the
// cause of the data loss of 2022 itself, seen whether or not anybody saves the page
// at the wrong moment.
//
// Who saves a page locks it first. So whoever has a page locked and takes it out of an
// address space, as reclaim and truncation do, has until it unlocks the page to
// flush that: then is when the TLBs of its CPUs are looked at, whoever removes the last
// rmap meanwhile. What is no file's it may put back; who then takes it away is not in its debt.
//
// An entry that is not dirty may stay until the flush: a store through it walks
// the page table, and finds the entry gone. CPUs in lazy mode are exempt, and so
// is the CPU that removes the rmap: they flush before they run user code again.
//
// A page that is no file's is nobody's to save but reclaim's, which locks it; who else
// unmaps it may flush later. And while a MADV_FREE goes on, which makes entries clean and
// flushes at its end, what is written in its range may be thrown away: such an entry is no
// matter.
//
// An engine that breaks this need not lose data: it may mark the page dirty once
// more after the flush. So this is not what names a failure if there is another
// violation (Report::first).
//
// Cannot see an entry that is made later: then a page-table entry is left, which
// counts sees. An entry of an earlier life of the frame is stale-access's affair.
#pragma once

#include <algorithm>
#include <cstdint>

#include "oracles/oracle.h"

namespace shootdown {

class DirtyUnmapped final : public Oracle<event::TakeLock, event::DropLock, event::ClearEntry, event::SetEntry,
                                          event::RemoveRmap, event::FreeLazily> {
 public:
  DirtyUnmapped(OracleId id, Trial& trial)
      : Oracle(id, trial), pages_(row<Page>(number(world().page_array_length()))) {}

  void on(int cpu, const event::TakeLock& event) {
    if (event.lock.kind != LockClass::page || event.taken == 0) return;
    pages_[event.lock.number] = {.locked_by = one_of(cpu)};
    ++pages_locked_[cpu];
  }

  void on(int cpu, const event::ClearEntry& event) {
    const Fact frame = locked_by(cpu, event.was);
    if (frame != no_fact) pages_[frame].cleared_in |= one_bit(number(event.mm));
  }

  void on(int cpu, const event::SetEntry& event) {
    const Fact frame = locked_by(cpu, event.entry);
    if (frame == no_fact || world().frame_facts(frame).folio.file != no_fact) return;
    std::uint8_t& cleared_in = pages_[frame].cleared_in;
    cleared_in = static_cast<std::uint8_t>(cleared_in & ~one_bit(number(event.mm)));
  }

  void on(int cpu, const event::RemoveRmap& event) {
    if (event.mapcount != 0) return;
    Page& page = pages_[event.page.frame];
    page.unmapped = page.cleared_in != 0;
    if (event.page.file == no_fact) return;
    check_tlbs(cpu, event.page.frame, ~page.cleared_in,
               "the last rmap of page frame {} is removed while cpu {} can write to it through virtual page {}");
  }

  void on(int cpu, const event::FreeLazily& event) {
    freed_[cpu] = event.done != 0 ? Range{} : Range{.mm = number(event.mm), .first = event.first, .count = event.count};
  }

  void on(int cpu, const event::DropLock& event) {
    if (event.lock.kind != LockClass::page) return;
    const Fact frame = event.lock.number;
    const Page page = pages_[frame];
    if (page.locked_by != 0) --pages_locked_[page.locked_by - 1];
    pages_[frame] = {};
    if (page.unmapped && world().frame_facts(frame).mapcount == 0)
      check_tlbs(cpu, frame, page.cleared_in,
                 "page frame {}, which was unmapped, is unlocked while cpu {} can write to it through virtual page {}");
  }

 private:
  // A folio, by its first page frame.
  struct Page {
    std::uint8_t locked_by = 0;   // a CPU's number plus one; 0: nobody who told
    std::uint8_t cleared_in = 0;  // mms out of which who has it locked has taken it since, one bit each
    bool unmapped = false;        // after that
  };
  HAS_NO_GAPS(Page);
  static_assert(max_mms <= 8);
  // What a CPU frees lazily; count 0: nothing.
  struct Range {
    int mm = 0;
    Fact first = 0;
    Fact count = 0;
  };
  static std::uint8_t one_of(int cpu) { return static_cast<std::uint8_t>(cpu + 1); }
  static std::uint8_t one_bit(int mm) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(mm)); }

  // The page to which an entry leads, if a CPU has it locked; else none.
  Fact locked_by(int cpu, EntryFact entry) const {
    if (pages_locked_[cpu] == 0 || !entry.present()) return no_fact;
    const Fact frame = world().frame_facts(entry.frame()).folio.frame;
    return pages_[frame].locked_by == one_of(cpu) ? frame : no_fact;
  }

  using Message = fmt::format_string<Fact&, int&, const Fact&>;

  // Of CPUs that run one of the mms.
  void check_tlbs(int cpu, Fact frame, int mms, Message message) {
    const int cpus = machine().cpus;
    for (int other = 0; other < cpus; ++other) {
      const bool runs_one = (mms & one_bit(world().mm_of(other))) != 0;
      if (other != cpu && runs_one && !world().is_lazy(other)) check_tlb(cpu, frame, other, message);
    }
  }

  void check_tlb(int cpu, Fact frame, int other, Message message) {
    const int size = world().tlb_size(other);
    const Fact pages = world().frame_facts(frame).folio.pages;
    for (int i = 0; i < size; ++i) {
      const TlbFact fact = world().tlb_entry(other, i);
      if (fact.lives_ago != 0 || !fact.entry.write() || !fact.entry.dirty()) continue;
      if (fact.entry.frame() - frame >= pages || is_being_freed(world().mm_of(other), fact.page)) continue;
      violate(cpu, message, frame, other, fact.page);
    }
  }

  bool is_being_freed(int mm, Fact page) const {
    return std::ranges::any_of(freed_,
                               [=](const Range& range) { return range.mm == mm && page - range.first < range.count; });
  }

  Row<Page> pages_;
  Row<int> pages_locked_ = one_per_cpu<int>();
  Row<Range> freed_ = one_per_cpu<Range>();
};

}  // namespace shootdown
