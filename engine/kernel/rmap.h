// The reverse mapping: from a page to the page-table entries that map it.
//
// Follows mm/rmap.c of Linux 6.1, but for the anon_vmas (anon_vma.h). How often a large
// folio is mapped is one count, as since 6.11 (folio->_large_mapcount); nobody here asks it of
// a single page of one.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// The page-table lock is held. An anonymous page that is mapped first leads to the mapping's anon_vma from then on.
void page_add_file_rmap(Task& current, Page* page);
void page_add_new_anon_rmap(Task& current, Page* page, const Vma& vma, int address);
// page_try_dup_anon_rmap: another entry leads to an anonymous page, from another mm. None may be writable. False: a device may write
// to the page, so it must stay this mm's alone.
bool page_try_dup_anon_rmap(Task& current, Page* page);
// The same of one that may have been mapped before: what it leads to already stays. One that is not exclusive leads to the root.
void page_add_anon_rmap(Task& current, Page* page, const Vma& vma, int address, bool exclusive);
// page_try_share_anon_rmap: an anonymous page that is exclusive is not any more, unless a device may write to it: then it must stay
// where it is. Its entry is gone, so nobody can pin it any more who has not done so.
bool page_try_share_anon_rmap(Task& current, Page* page);
// folio_remove_rmap_ptes: of so many pages of one folio, from `page` on.
void page_remove_rmap(Task& current, Page* page, int pages = 1);

// page_move_anon_rmap: the page is this mapping's alone from now on. It is locked.
void page_move_anon_rmap(Task& current, Page* page, const Vma& vma);

// SetPageAnonExclusive, ClearPageAnonExclusive. No step: the lock of the page's entry is held.
void set_anon_exclusive(Task& current, Page* page, bool exclusive);

// folio_mapcount, folio_mapped: of all pages of the folio; `for_mkclean`: one that is not will not be made clean.
int page_mapcount(Task& current, Page* page, bool for_mkclean = false);
bool page_mapped(Task& current, Page* page, bool for_mkclean = false);

// folio_mkclean: makes every entry that maps the page clean and read-only, flushing the TLBs, so that
// the next store faults. Returns how many entries were dirty or writable. The page is locked. Does
// nothing for a page that looks unmapped.
int page_mkclean(Task& current, Page* page);

// folio_referenced: by how many entries the page was accessed, which is forgotten; -1: somebody else uses the reverse mapping, and is
// not waited for. The page is locked if it is a file's.
int page_referenced(Task& current, Page* page);

// try_to_unmap: takes the page out of every page table, as far as that can be done. The page is locked, and the caller has a
// reference.
struct TtuFlags {
  bool batch_flush = false;  // where other CPUs would have to flush, the task owes that (try_to_unmap_flush)
  bool sync = false;         // who takes entries out meanwhile is waited for
  bool hwpoison = false;     // its memory has failed: nobody may use the places any more
};
void try_to_unmap(Task& current, Page* page, TtuFlags flags);

// A page that takes the place of an anonymous one leads where that leads. Both are locked.
void inherit_anon_vma(Task& current, const Page* from, Page* to);

// try_to_migrate: puts migration entries in the place of all that maps the page, which is locked and to which the caller has a
// reference. `sync`: who takes entries out meanwhile is waited for.
void try_to_migrate(Task& current, Page* page, bool sync = false);

// remove_migration_ptes: maps `folio` where migration entries stand for `old_folio`. Both are locked; they may be the same. Of an
// anonymous page the caller keeps the anon_vma; null: it is a file's.
void remove_migration_ptes(Task& current, AnonVma* anon_vma, Page* old_folio, Page* folio);

// folio_make_device_exclusive: takes an anonymous page, which is locked, away from all CPUs, so that a device has it to
// itself. Its entries keep their references. Whether it was mapped writable at the place, and is mapped nowhere any more.
bool make_device_exclusive(Task& current, Page* page, const Mm& mm, int address);

}  // namespace shootdown
