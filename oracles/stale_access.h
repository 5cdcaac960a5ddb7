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

class StaleAccess final : public Oracle {
 public:
  using Oracle::Oracle;

  void accessed(const UserAccess& access) override {
    if (access.result.stale) report_freed(access);
    if (!reference().may_access(access.mm, access.page)) report_unmapped(access);
  }

  void freed(int cpu, const Page& page) override {
    const FrameNumber frame = kernel().pfn(&page);
    const std::uint32_t entries = kernel().machine.frame(frame).entries;
    if (entries != 0) violate(cpu, "page frame {} is freed while {} page-table entries lead to it", frame, entries);
    for (int other = 0; other < kernel().config.cpus; ++other) {
      if (kernel().tasks[static_cast<std::size_t>(other)].lazy.load(std::memory_order_relaxed)) continue;
      for (const TlbEntry& entry : kernel().machine.tlb(other)) {
        const bool leads_here = entry.frame == frame && entry.generation == kernel().machine.frame(frame).generation;
        if (leads_here)
          violate(cpu, "page frame {} is freed while the TLB of cpu {} maps virtual page {} to it", frame, other,
                  entry.page);
      }
    }
  }

 private:
  void report_freed(const UserAccess& access) {
    if (access.store) {
      violate(access.cpu,
              "cpu {} stores to virtual page {} through a TLB entry for page frame {}, which has been freed since",
              access.cpu, access.page, access.result.frame);
    } else {
      violate(access.cpu,
              "cpu {} loads from virtual page {} through a TLB entry for page frame {}, which has been freed since",
              access.cpu, access.page, access.result.frame);
    }
  }

  void report_unmapped(const UserAccess& access) {
    if (access.store) {
      violate(access.cpu, "cpu {} stores to virtual page {} of mm {}, which is unmapped", access.cpu, access.page,
              access.mm);
    } else {
      violate(access.cpu, "cpu {} loads from virtual page {} of mm {}, which is unmapped", access.cpu, access.page,
              access.mm);
    }
  }
};

}  // namespace shootdown
