// The kernel's counts are right.
//
// Proves: no page's mapcount or refcount falls below zero; a page that is freed
// has neither references nor mappings; one that leaves the page cache is mapped
// by as many page-table entries as its mapcount says; and at the end of the run
// every page that is not in the page cache is free, every page in it has just
// the references that the cache and its buffers hold, nothing is mapped, every
// mm's RSS is zero, and no flush is pending.
//
// Between these moments a count may be wrong unnoticed.
#pragma once

#include <string_view>

#include "oracles/oracle.h"

namespace shootdown {

class Counts final : public Oracle {
 public:
  using Oracle::Oracle;

  void count_underflow(int cpu, const Page& page, const char* which, int value) override {
    if (std::string_view(which) == "mapcount") {
      violate(cpu, "the mapcount of page frame {} falls to {}", kernel().pfn(&page), value);
    } else {
      violate(cpu, "the refcount of page frame {} falls to {}", kernel().pfn(&page), value);
    }
  }

  void freed(int cpu, const Page& page) override {
    const int references = page.refcount.load(std::memory_order_relaxed);
    const int mappings = page.mapcount.load(std::memory_order_relaxed);
    if (references == 0 && mappings == 0) return;
    violate(cpu, "page frame {} is freed with refcount {} and mapcount {}", kernel().pfn(&page), references, mappings);
  }

  void uncached(int cpu, const Page& page, int /*file*/, int /*index*/) override { compare_mapcount(cpu, page); }

  void end(const Kernel& kernel, Scheduler::Outcome outcome) override {
    if (outcome != Scheduler::Outcome::completed) return;
    for (int i = 0; i < kernel.pages_used; ++i) check_page(kernel.pages[static_cast<std::size_t>(i)]);
    for (int i = 0; i < kernel.config.mms; ++i) check_mm(kernel.mms[static_cast<std::size_t>(i)]);
  }

 private:
  void compare_mapcount(int cpu, const Page& page) {
    const int mappings = page.mapcount.load(std::memory_order_relaxed);
    const auto entries = static_cast<int>(kernel().frame(&page).entries);
    if (mappings != entries) {
      violate(cpu, "page frame {} has mapcount {}, but {} page-table entries lead to it", kernel().pfn(&page), mappings,
              entries);
    }
  }

  void check_page(const Page& page) {
    const bool cached = page.mapping >= 0;
    const int expected = cached ? 1 + (page.test(PG_buffers) ? 1 : 0) : 0;
    const int references = page.refcount.load(std::memory_order_relaxed);
    if (references != expected && cached) {
      violate(-1, "at the end page frame {}, which is in the page cache, has refcount {} instead of {}",
              kernel().pfn(&page), references, expected);
    } else if (references != expected) {
      violate(-1, "at the end page frame {}, which is not in the page cache, has refcount {} instead of {}",
              kernel().pfn(&page), references, expected);
    }
    const int mappings = page.mapcount.load(std::memory_order_relaxed);
    if (mappings != 0) violate(-1, "at the end page frame {} has mapcount {}", kernel().pfn(&page), mappings);
    compare_mapcount(-1, page);
  }

  void check_mm(const Mm& mm) {
    const long rss = mm.rss.load(std::memory_order_relaxed);
    if (rss != 0) violate(-1, "at the end mm {} has an RSS of {} pages", mm.number, rss);
    const int pending = mm.tlb_flush_pending.load(std::memory_order_relaxed);
    if (pending != 0) violate(-1, "at the end mm {} has {} flushes pending", mm.number, pending);
    const int tables = ((kernel().config.virtual_pages() - 1) >> kernel().config.table_shift) + 1;
    for (int table = 0; table < tables; ++table) {
      const int present = mm.page_tables[table].present;
      if (present != 0)
        violate(-1, "at the end page table {} of mm {} counts {} present entries", table, mm.number, present);
    }
  }
};

}  // namespace shootdown
