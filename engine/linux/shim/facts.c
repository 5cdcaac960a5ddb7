// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* What may be known of the kernel. Looks only, and makes no step: this folder is not instrumented. */
#include "shim.h"

enum { top_level_shift = 39, bits_per_level = 9 };

/* The entry for an address in the table of a level: what it maps is 1 << shift bytes. Null: there is no such table. */
static unsigned long *entry_at(int mm, unsigned long address, int shift)
{
	unsigned long *table = (unsigned long *)shim_mms[mm].mm.pgd;
	int level;

	if (!table)
		return NULL;
	for (level = top_level_shift;; level -= bits_per_level) {
		unsigned long *entry = table + (address >> level & 511);

		if (level == shift)
			return entry;
		if (!(*entry & _PAGE_PRESENT))
			return NULL;
		table = frame_address((*entry & PTE_PFN_MASK) >> PAGE_SHIFT);
	}
}

unsigned long *linux_entry_of(int mm, unsigned long address) { return entry_at(mm, address, PAGE_SHIFT); }

/* Of the table that all windows of an mm are in; null: there is no such table. */
static const spinlock_t *table_lock(int mm)
{
	pmd_t *pmd = (pmd_t *)entry_at(mm, LINUX_USER_BASE, PMD_SHIFT);

	return pmd && pmd_val(*pmd) & _PAGE_PRESENT ? pte_lockptr(&shim_mms[mm].mm, pmd) : NULL;
}

int linux_table_lock_owner(int mm)
{
	const spinlock_t *lock = table_lock(mm);

	return lock && atomic_read(&lock->rlock.raw_lock.val) ? (int)lock->rlock.owner_cpu : -1;
}

/* An entry of a table of an mm, of whichever level. */
static void locate_in_table(int mm, unsigned long address, struct linux_place *place)
{
	int shift;

	for (shift = PAGE_SHIFT; shift <= top_level_shift; shift += bits_per_level) {
		unsigned long *entry = entry_at(mm, LINUX_USER_BASE, shift);

		if (!entry || (address ^ (unsigned long)entry) >> PAGE_SHIFT)
			continue;
		place->mm = mm;
		place->page = (address - (unsigned long)entry) / sizeof(*entry);
		place->kind = shift == PAGE_SHIFT ? linux_entry : place->page == 0 ? linux_table : linux_other;
		return;
	}
}

void linux_locate(const volatile void *where, struct linux_place *place)
{
	unsigned long address = (unsigned long)where;
	int mm;

	place->kind = linux_other;
	if (address - LINUX_PAGES_BASE < linux_frames * sizeof(struct page)) {
		place->kind = linux_page;
		place->pfn = (address - LINUX_PAGES_BASE) / sizeof(struct page);
	} else if (address - LINUX_FRAMES_BASE < (unsigned long)linux_frames << PAGE_SHIFT) {
		for (mm = 0; mm < linux_max_mms; mm++)
			locate_in_table(mm, address, place);
	} else if (address - (unsigned long)shim_mms < sizeof(shim_mms)) {
		mm = (address - (unsigned long)shim_mms) / sizeof(struct shim_mm);
		place->mm = mm;
		if (address == (unsigned long)&shim_mms[mm].mm.context.tlb_gen)
			place->kind = linux_generation;
	} else if (address - (unsigned long)shim_inodes < sizeof(shim_inodes)) {
		place->file = (address - (unsigned long)shim_inodes) / sizeof(struct inode);
		if (address == (unsigned long)&shim_inodes[place->file].i_size)
			place->kind = linux_size;
	}
}

struct shim_lock_name shim_name_lock(const void *lock)
{
	int i;

	for (i = 0; i < linux_max_files; i++) {
		const struct inode *inode = &shim_inodes[i];

		if (lock == &inode->i_data.i_pages.xa_lock)
			return (struct shim_lock_name){ linux_i_pages_lock, i };
		if (lock == &inode->i_data.i_mmap_rwsem)
			return (struct shim_lock_name){ linux_i_mmap_lock, i };
		if (lock == &inode->i_rwsem)
			return (struct shim_lock_name){ linux_inode_lock, i };
	}
	for (i = 0; i < linux_max_mms; i++) {
		if (lock == &shim_mms[i].mm.mmap_lock)
			return (struct shim_lock_name){ linux_mmap_lock, i };
		if (lock == table_lock(i))
			return (struct shim_lock_name){ linux_page_table_lock, i };
	}
	return (struct shim_lock_name){ linux_other_lock, -1 };
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

	*facts = (struct linux_frame){ .file = -1, .in_use = shim_frame_used(pfn) };
	if (!facts->in_use)
		return;
	facts->is_table = PageTable(page) != 0;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		facts->flags |= (page->flags >> flags[i] & 1) << i;
	facts->refcount = page_count(page);
	facts->mapcount = facts->is_table ? 0 : atomic_read(&page->_mapcount) + 1;
	facts->file = shim_file_of(page->mapping);
	if (facts->file >= 0)
		facts->index = page->index;
}

unsigned long linux_file_pages(int file) { return shim_inodes[file].i_size >> PAGE_SHIFT; }
unsigned long linux_tlb_generation(int mm) { return atomic64_read(&shim_mms[mm].mm.context.tlb_gen); }
int linux_has_loaded(int cpu, int mm)
{
	pgd_t *pgd = shim_mms[mm].mm.pgd;

	return pgd && (per_cpu(shim_cr3, cpu) & PTE_PFN_MASK) == __sme_pa(pgd);
}
int linux_is_lazy(int cpu) { return per_cpu(cpu_tlbstate_shared.is_lazy, cpu); }
long linux_rss(int mm)
{
#if SINCE_6_2
	return percpu_counter_sum(&shim_mms[mm].mm.rss_stat[MM_FILEPAGES]);
#else
	return get_mm_counter(&shim_mms[mm].mm, MM_FILEPAGES);
#endif
}
int linux_flushes_pending(int mm)
{
	int pending = atomic_read(&shim_mms[mm].mm.tlb_flush_pending);
	int cpu;

	for (cpu = 0; cpu < linux_max_cpus; cpu++)
		pending += shim_tasks[cpu].tlb_ubc.flush_required;
	return pending;
}
