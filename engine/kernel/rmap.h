// The reverse mapping: from a page to the page-table entries that map it.
//
// Follows mm/rmap.c of Linux 6.1, but for the anon_vmas (anon_vma.h).
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// The page-table lock is held. An anonymous page that is mapped first leads to the mapping's anon_vma from then on.
void page_add_file_rmap(Task& current, Page* page);
void page_add_new_anon_rmap(Task& current, Page* page, const Vma& vma, int address);
void page_remove_rmap(Task& current, Page* page);

// folio_mapped; `for_mkclean`: a page that is not will not be made clean.
bool page_mapped(Task& current, Page* page, bool for_mkclean = false);

// folio_mkclean: makes every entry that maps the page clean and read-only, flushing the TLBs, so that
// the next store faults. Returns how many entries were dirty or writable. The page is locked. Does
// nothing for a page that looks unmapped.
int page_mkclean(Task& current, Page* page);

}  // namespace shootdown
