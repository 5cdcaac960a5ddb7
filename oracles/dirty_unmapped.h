// A page does not look unmapped while a CPU can still write to it unnoticed.
//
// Proves: when the last rmap of a page is removed, no other CPU that may run user
// code has a writable and dirty entry for it in its TLB, of whatever mm. Through
// such an entry a CPU writes without a look at the page table; and page_mkclean,
// which makes a page safe to be saved, skips one that looks unmapped. This is the
// cause of the data loss of 2022 itself, seen whether or not anybody saves the page
// at the wrong moment.
//
// Who saves a page locks it first. So whoever removes the last rmap of a page that
// it has locked, as reclaim and truncation do, has until it unlocks the page to
// flush: then is when the TLBs are looked at. If it has removed others of the page's
// rmaps, it has as long for these, and whoever zaps the last one meanwhile must have flushed
// its own mm only.
//
// An entry that is not dirty may stay until the flush: a store through it walks
// the page table, and finds the entry gone. CPUs in lazy mode are exempt, and so
// is the CPU that removes the rmap: they flush before they run user code again.
//
// A page that is no file's is nobody's to save but reclaim's, which locks it; who else
// unmaps it may flush later. What was freed lazily is saved by nobody.
//
// An engine that breaks this need not lose data: it may mark the page dirty once
// more after the flush. So this is not what names a failure if there is another
// violation (Report::first).
//
// Cannot see an entry that is made later: then a page-table entry is left, which
// counts sees. An entry of an earlier life of the frame is stale-access's affair.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class DirtyUnmapped final
    : public Oracle<event::TakeLock, event::DropLock, event::RemoveRmap, event::BeginGather, event::EndGather> {
 public:
  DirtyUnmapped(OracleId id, Trial& trial)
      : Oracle(id, trial),
        pages_(row<Page>(number(world().page_array_length()))),
        gathers_(one_per_cpu<std::uint8_t>()) {}

  void on(int cpu, const event::BeginGather& event) { gathers_[cpu] = one_of(number(event.mm)); }
  void on(int cpu, const event::EndGather& /*event*/) { gathers_[cpu] = 0; }

  void on(int cpu, const event::TakeLock& event) {
    if (event.lock.kind == LockClass::page && event.taken != 0) pages_[event.lock.number] = {.locked_by = one_of(cpu)};
  }

  void on(int cpu, const event::RemoveRmap& event) {
    Page& page = pages_[event.page.frame];
    const bool is_holder = page.locked_by == one_of(cpu);
    if (is_holder) page.unmapped = true;
    if (event.mapcount != 0 || is_holder || event.page.file == no_fact) return;
    check_tlbs(cpu, event.page.frame,
               "the last rmap of page frame {} is removed while cpu {} can write to it through virtual page {}",
               [&](int other) { return !page.unmapped || one_of(world().mm_of(other)) == gathers_[cpu]; });
  }

  void on(int cpu, const event::DropLock& event) {
    if (event.lock.kind != LockClass::page) return;
    const Fact frame = event.lock.number;
    const FrameFacts facts = world().frame_facts(frame);
    const bool freed_lazily = facts.anonymous && !facts.test(PG_swapbacked);
    const bool unmapped = pages_[frame].unmapped && facts.mapcount == 0 && !freed_lazily;
    pages_[frame] = {};
    if (unmapped)
      check_tlbs(cpu, frame,
                 "page frame {}, which was unmapped, is unlocked while cpu {} can write to it through virtual page {}",
                 [](int /*other*/) { return true; });
  }

 private:
  struct Page {
    std::uint8_t locked_by = 0;  // a CPU's number plus one; 0: nobody who told
    bool unmapped = false;       // by who has it locked: from some mm at least
  };
  static std::uint8_t one_of(int number) { return static_cast<std::uint8_t>(number + 1); }

  using Message = fmt::format_string<Fact&, int&, const Fact&>;

  // Those of CPUs for which it is `due`.
  template <typename Due>
  void check_tlbs(int cpu, Fact frame, Message message, const Due& due) {
    const int cpus = machine().cpus;
    for (int other = 0; other < cpus; ++other) {
      if (other != cpu && !world().is_lazy(other) && due(other)) check_tlb(cpu, frame, other, message);
    }
  }

  void check_tlb(int cpu, Fact frame, int other, Message message) {
    const int size = world().tlb_size(other);
    for (int i = 0; i < size; ++i) {
      const TlbFact fact = world().tlb_entry(other, i);
      if (fact.entry.frame() != frame || fact.lives_ago != 0 || !fact.entry.write() || !fact.entry.dirty()) continue;
      violate(cpu, message, frame, other, fact.page);
    }
  }

  Row<Page> pages_;
  Row<std::uint8_t> gathers_;  // by CPU: the mm's number plus one; 0: it has none
};

}  // namespace shootdown
