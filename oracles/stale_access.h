// Nobody uses a translation that is no longer valid.
//
// Proves: no access goes through a TLB entry of a page that has been freed since, and
// no device writes to one that has been since it was found in the page table; none
// works on a page whose munmap has returned, or which has been moved away by an
// mremap, and no store on one whose mprotect has returned; none works on a page that was
// cut off or punched out of its file, or is poisoned, but through a translation that a gather has taken
// out of the page table and not flushed yet; when a page is freed, no page-table entry
// and no TLB entry of a CPU that may run user code leads to it; when a munmap or an mremap has unmapped a range, no such CPU that runs its mm has
// a TLB entry in it, and when an mprotect returns, none that may write to what it
// has protected; and when a gather ends, each TLB entry of these CPUs leads to the same
// frame as the page table, unless another flush of the mm is yet to come: another
// gather is under way, reclaim has put its flush off, or somebody holds a
// page-table lock (page_mkclean clears an entry, flushes, and sets it again under
// it). On a model: the hardware walks no page table that has been freed, by what it has
// kept of the way there, neither for an access nor to load a translation unasked.
//
// CPUs in lazy mode are exempt, as in the kernel: they flush before they run user
// code again. Not so from walks of freed page tables, for they load translations in lazy
// mode, too. Otherwise an entry that may write where the page table does not, or is
// dirty where it is not, is no matter for this oracle. It does not see a freed page table
// that a CPU could walk, but only the walk; on Linux's own code, neither.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class StaleAccess final : public ComparingOracle<event::UserAccess, event::FillTranslation, event::DmaWord,
                                                 event::FreePage, event::EndUnmap, event::EndGather> {
 public:
  using ComparingOracle::ComparingOracle;

  void on(int cpu, const event::UserAccess& event) {
    if (event.access == Access::fault) {
      if (event.stale != 0) report_astray(cpu, cpu, event.page);
      return;
    }
    if (event.stale != 0) report_freed(cpu, event);
    const int mm = number(event.mm);
    const int page = number(event.page);
    if (!reference().is_mapped(mm, page)) {
      report_unmapped(cpu, event);
    } else if (!reference().may_access(mm, page, number(event.frame))) {
      reference().is_poisoned(mm, page) ? report_poisoned(cpu, event) : report_discarded(cpu, event);
    } else if (event.store != 0 && !reference().may_store(mm, page)) {
      violate(cpu, "cpu {} stores to virtual page {} of mm {}, which is write-protected", cpu, page, mm);
    }
  }

  void on(int cpu, const event::FillTranslation& event) {
    if (event.astray != 0) report_astray(cpu, number(event.owner), event.page);
  }

  void on(int cpu, const event::DmaWord& event) {
    if (event.stale == 0) return;
    violate(cpu, "a device writes to page frame {}, which has been freed since cpu {} found it in the page table",
            event.page.frame, cpu);
  }

  void on(int cpu, const event::FreePage& event) {
    const Fact frame = event.page.frame;
    if (event.entries != 0)
      violate(cpu, "page frame {} is freed while {} page-table entries lead to it", frame, event.entries);
    each_translation([&](int other, const TlbFact& fact) {
      // The frame's life has just ended: what led to the frame until now is one life old.
      if (fact.entry.frame() - frame >= event.page.pages || fact.lives_ago != 1) return;
      violate(cpu, "page frame {} is freed while the TLB of cpu {} maps virtual page {} to it", fact.entry.frame(),
              other, fact.page);
    });
  }

  void on(int cpu, const event::EndUnmap& event) {
    const int mm = number(event.mm);
    each_translation([&](int other, const TlbFact& fact) {
      if (world().mm_of(other) != mm || fact.page - event.first >= event.count) return;
      if (event.only_stores == 0) {
        violate(cpu, "virtual page {} of mm {} is unmapped while the TLB of cpu {} maps it to page frame {}", fact.page,
                mm, other, fact.entry.frame());
      } else if (fact.entry.write()) {
        violate(cpu,
                "virtual page {} of mm {} is write-protected while cpu {} can write to page frame {} through its TLB",
                fact.page, mm, other, fact.entry.frame());
      }
    });
  }

  void on(int cpu, const event::EndGather& event) {
    const int mm = number(event.mm);
    if (world().flushes_pending(mm) != 0 || world().page_table_locked(mm)) return;
    each_translation([&](int other, const TlbFact& fact) {
      if (world().mm_of(other) != mm) return;
      const EntryFact entry = world().entry(mm, number(fact.page));
      if (!entry.present()) {
        violate(cpu,
                "a gather ends while the TLB of cpu {} maps virtual page {} of mm {} to page frame {}, and the page "
                "table to none",
                other, fact.page, mm, fact.entry.frame());
      } else if (entry.frame() != fact.entry.frame()) {
        violate(cpu,
                "a gather ends while the TLB of cpu {} maps virtual page {} of mm {} to page frame {}, and the page "
                "table to {}",
                other, fact.page, mm, fact.entry.frame(), entry.frame());
      }
    });
  }

 private:
  // What CPUs that may run user code have in their TLBs.
  template <typename Visit>
  void each_translation(Visit&& visit) const {
    const int cpus = machine().cpus;
    for (int cpu = 0; cpu < cpus; ++cpu) {
      if (world().is_lazy(cpu)) continue;
      const int size = world().tlb_size(cpu);
      for (int i = 0; i < size; ++i) visit(cpu, world().tlb_entry(cpu, i));
    }
  }

  void report_astray(int cpu, int walker, Fact page) {
    violate(cpu, "cpu {} looks for virtual page {} of mm {} in a page table that has been freed", walker, page,
            world().mm_of(walker));
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

  void report_discarded(int cpu, const event::UserAccess& event) {
    if (event.store != 0) {
      violate(cpu, "cpu {} stores to virtual page {} of mm {} in page frame {}, which has been thrown away", cpu,
              event.page, event.mm, event.frame);
    } else {
      violate(cpu, "cpu {} loads from virtual page {} of mm {} in page frame {}, which has been thrown away", cpu,
              event.page, event.mm, event.frame);
    }
  }

  void report_poisoned(int cpu, const event::UserAccess& event) {
    violate(cpu, "cpu {} uses virtual page {} of mm {} in page frame {}, which is poisoned", cpu, event.page, event.mm,
            event.frame);
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
