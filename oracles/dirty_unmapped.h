// A page does not look unmapped while a CPU can still write to it unnoticed.
//
// Proves: when the last rmap of a page is removed, no other CPU that may run user
// code has a writable and dirty entry for it in its TLB, of whatever mm. Through
// such an entry a CPU writes without a look at the page table; and page_mkclean,
// which makes a page safe to be saved, skips one that looks unmapped. This is the
// cause of the data loss of 2022 itself, seen whether or not anybody saves the page
// at the wrong moment.
//
// An entry that is not dirty may stay until the flush: a store through it walks
// the page table, and finds the entry gone. CPUs in lazy mode are exempt, and so
// is the CPU that removes the rmap: they flush before they run user code again.
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

class DirtyUnmapped final : public Oracle<event::RemoveRmap> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::RemoveRmap& event) {
    if (event.mapcount != 0) return;
    const int cpus = machine().cpus;
    for (int other = 0; other < cpus; ++other) {
      if (other != cpu && !world().is_lazy(other)) check_tlb(cpu, event.page.frame, other);
    }
  }

 private:
  void check_tlb(int cpu, Fact frame, int other) {
    const int size = world().tlb_size(other);
    for (int i = 0; i < size; ++i) {
      const TlbFact fact = world().tlb_entry(other, i);
      if (fact.entry.frame() != frame || fact.lives_ago != 0 || !fact.entry.write() || !fact.entry.dirty()) continue;
      violate(cpu, "the last rmap of page frame {} is removed while cpu {} can write to it through virtual page {}",
              frame, other, fact.page);
    }
  }
};

}  // namespace shootdown
