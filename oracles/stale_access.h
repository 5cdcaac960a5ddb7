// Nobody uses a translation that is no longer valid.
//
// Proves: no access goes through a TLB entry of a page that has been freed since;
// none works on a page whose munmap has returned; and when a page is freed, no
// page-table entry and no TLB entry of a CPU that may run user code leads to it.
//
// CPUs in lazy mode are exempt, as in the kernel: they flush before they run user
// code again.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class StaleAccess final : public ComparingOracle<event::UserAccess, event::FreePage> {
 public:
  using ComparingOracle::ComparingOracle;

  void on(int cpu, const event::UserAccess& event) override {
    if (event.access == Access::fault) return;
    if (event.stale != 0) report_freed(cpu, event);
    if (!reference().may_access(number(event.mm), number(event.page))) report_unmapped(cpu, event);
  }

  void on(int cpu, const event::FreePage& event) override {
    const Fact frame = event.page.frame;
    if (event.entries != 0)
      violate(cpu, "page frame {} is freed while {} page-table entries lead to it", frame, event.entries);
    const int cpus = machine().cpus;
    for (int other = 0; other < cpus; ++other) {
      if (!world().is_lazy(other)) check_tlb(cpu, frame, other);
    }
  }

 private:
  void check_tlb(int cpu, Fact frame, int other) {
    const int size = world().tlb_size(other);
    for (int i = 0; i < size; ++i) {
      const TlbFact fact = world().tlb_entry(other, i);
      // The frame's life has just ended: what led to the frame until now is one life old.
      if (fact.entry.frame() != frame || fact.lives_ago != 1) continue;
      violate(cpu, "page frame {} is freed while the TLB of cpu {} maps virtual page {} to it", frame, other,
              fact.page);
    }
  }

  void report_freed(int cpu, const event::UserAccess& event) {
    if (event.store != 0) {
      violate(cpu, "cpu {} stores to virtual page {} through a TLB entry for page frame {}, which has been freed since",
              cpu, event.page, event.frame);
    } else {
      violate(cpu,
              "cpu {} loads from virtual page {} through a TLB entry for page frame {}, which has been freed since",
              cpu, event.page, event.frame);
    }
  }

  void report_unmapped(int cpu, const event::UserAccess& event) {
    if (event.store != 0) {
      violate(cpu, "cpu {} stores to virtual page {} of mm {}, which is unmapped", cpu, event.page, event.mm);
    } else {
      violate(cpu, "cpu {} loads from virtual page {} of mm {}, which is unmapped", cpu, event.page, event.mm);
    }
  }
};

}  // namespace shootdown
