// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* What may be known of the kernel. Looks only, and makes no step: this folder is not instrumented. */
#include "shim.h"

unsigned long *linux_entry(int mm, unsigned long address)
{
	unsigned long *table = (unsigned long *)shim_mms[mm].mm.pgd;
	int shift;

	for (shift = 39;; shift -= 9) {
		unsigned long *entry = table + (address >> shift & 511);

		if (shift == PAGE_SHIFT)
			return entry;
		if (!(*entry & _PAGE_PRESENT))
			return NULL;
		table = frame_address((*entry & PTE_PFN_MASK) >> PAGE_SHIFT);
	}
}

long linux_cached_frame(int file, unsigned long index)
{
	void *entry = xa_load(&shim_inodes[file].i_data.i_pages, index);

	return entry && !xa_is_value(entry) ? (long)folio_pfn(entry) : -1;
}

void linux_frame_facts(unsigned long pfn, struct linux_frame *facts)
{
	static const int flags[] = { PG_locked, PG_dirty, PG_writeback, PG_uptodate, PG_referenced, PG_active, PG_private };
	struct page *page = frame_page(pfn);
	int i;

	facts->flags = 0;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		facts->flags |= (page->flags >> flags[i] & 1) << i;
	facts->refcount = page_count(page);
	facts->mapcount = atomic_read(&page->_mapcount) + 1;
	facts->file = -1;
	facts->index = 0;
	for (i = 0; i < linux_max_files; i++) {
		if (page->mapping != &shim_inodes[i].i_data)
			continue;
		facts->file = i;
		facts->index = page->index;
	}
}

long linux_rss(int mm) { return get_mm_counter(&shim_mms[mm].mm, MM_FILEPAGES); }
int linux_flushes_pending(int mm) { return atomic_read(&shim_mms[mm].mm.tlb_flush_pending); }
