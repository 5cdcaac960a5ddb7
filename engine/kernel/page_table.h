// Page tables, and their entries under the page-table lock.
//
// Software's side of the entries, as include/linux/pgtable.h of Linux 6.1 has
// it for x86. The page-table lock of the entry is held except for ptep_get. Page
// tables come and go, and there always is memory for one. It lasts until the gather that
// takes a page table away has flushed for it (MmuGather::remove_table): whoever comes to one
// that is free by then is reported. The levels above them are always there.
#pragma once

#include <algorithm>
#include <type_traits>

#include "engine/kernel/kernel.h"

namespace shootdown {

// Whether there is a page table for `page`, to somebody to whom no answer can become wrong before he acts on it.
bool pmd_present(const Task& current, const Mm& mm, int page);

// pmdp_get_lockless: which page table there is for `page`; 0: none. Only to find none is a step: one that is there stays,
// or is found as it was at the step before by who walks without a lock.
TableNumber pmd_get(Task& current, Mm& mm, int page);

// pmd_none: whether there is no page table for `page`.
inline bool pmd_none(Task& current, Mm& mm, int page) {
  return pmd_get(current, mm, page) == 0;
}

// pte_alloc: there is a page table for `page` from now on.
void pte_alloc(Task& current, Mm& mm, int page);

// pmd_clear: nobody finds the page table for `page` any more. No mapping needs it, and none in its range is in a file's i_mmap.
void pmd_clear(Task& current, Mm& mm, int page);

// zap_pmd_range, change_pmd_range: calls visit(first, end) for what each page table that there is has of [first, end); until it
// returns false, if it says whether to go on. Returns whether it came to the end.
template <typename Visit>
bool each_page_table(Task& current, Mm& mm, int first, int end, const Visit& visit) {
  const int size = 1 << current.kernel->config.table_shift;
  while (first < end) {
    const int next = std::min((first / size + 1) * size, end);
    const bool exists = !pmd_none(current, mm, first);
    if constexpr (std::is_void_v<std::invoke_result_t<Visit, int, int>>) {
      if (exists) visit(first, next);
    } else if (exists && !visit(first, next)) {
      return false;
    }
    first = next;
  }
  return true;
}

// pte_offset_map_lock and pte_unmap_unlock, for the table that holds `page` of `mm`.
void pte_lock(Task& current, Mm& mm, int page);
void pte_unlock(Task& current, Mm& mm, int page);

// ptep_get. A step: other CPUs may write the entry even while its lock is held (hardware does).
Pte ptep_get(Task& current, Mm& mm, int page);

// ptep_get_lockless, in the page table that pmd_get has found: none if that is there no more.
Pte ptep_get_lockless(Task& current, Mm& mm, int page, TableNumber table);

// ptep_get_and_clear: one atomic exchange.
Pte ptep_get_and_clear(Task& current, Mm& mm, int page);

// set_pte_at.
void set_pte_at(Task& current, Mm& mm, int page, Pte pte);

// ptep_set_wrprotect: one atomic action, in which no other bit of the entry is lost.
void ptep_set_wrprotect(Task& current, Mm& mm, int page);

// ptep_set_access_flags: the entry becomes `pte`, which has more flags, if a store has met it and it is not so already.
void ptep_set_access_flags(Task& current, Mm& mm, int page, Pte pte, bool write);

// ptep_clear_flush_young: whether the page was accessed, which is forgotten. x86 leaves the TLBs alone: what they hold may be
// accessed for a while without a trace.
bool ptep_clear_flush_young(Task& current, Mm& mm, int page);

// ptep_clear_flush: clears the entry and flushes it from all TLBs.
Pte ptep_clear_flush(Task& current, Mm& mm, int page);

}  // namespace shootdown
