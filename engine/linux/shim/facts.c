// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* What may be known of the kernel. Looks only, and makes no step: this folder is not instrumented. */
#include "shim.h"

#include <linux/buffer_head.h>
#include <linux/swapops.h>

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
		place->pfn = (address - LINUX_FRAMES_BASE) >> PAGE_SHIFT;
		if (!shim_frame_used(place->pfn)) {
			place->kind = linux_freed;
			return;
		}
		for (mm = 0; mm < linux_max_mms; mm++)
			locate_in_table(mm, address, place);
	} else if (address - LINUX_OBJECTS_BASE < LINUX_OBJECTS_SIZE) {
		place->pfn = -1;
		if (shim_object_freed(address))
			place->kind = linux_freed;
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

/* --- what an address is to people --- */

struct member {
	const char *name;
	unsigned long offset, size;
};
#define MEMBER(type, name) { #name, offsetof(struct type, name), sizeof(((struct type *)0)->name) }
/* Of several that lie in the same place, what pages of files use; of one in another, the inner one first. */
static const struct member page_members[] = {
	{ "compound_head/lru", offsetof(struct page, compound_head), sizeof(unsigned long) },
	MEMBER(page, flags), MEMBER(page, lru), MEMBER(page, mapping), MEMBER(page, index), MEMBER(page, private),
	MEMBER(page, _mapcount), MEMBER(page, _refcount), {},
};
#if SINCE_6_12
/* Of the second page of a large folio, where that has counts of its own. */
#define SECOND(name) { #name, offsetof(struct folio, name) - sizeof(struct page), sizeof(((struct folio *)0)->name) }
static const struct member second_page_members[] = {
	MEMBER(page, compound_head), MEMBER(page, flags), SECOND(_large_mapcount), SECOND(_entire_mapcount),
	SECOND(_nr_pages_mapped), SECOND(_pincount), MEMBER(page, _mapcount), MEMBER(page, _refcount), {},
};
#else
#define second_page_members page_members
#endif
static const struct member mm_members[] = {
	MEMBER(mm_struct, mm_mt), MEMBER(mm_struct, pgd), MEMBER(mm_struct, mm_users), MEMBER(mm_struct, mm_count),
	MEMBER(mm_struct, map_count), MEMBER(mm_struct, page_table_lock), MEMBER(mm_struct, mmap_lock),
	MEMBER(mm_struct, hiwater_rss), MEMBER(mm_struct, hiwater_vm), MEMBER(mm_struct, total_vm),
	MEMBER(mm_struct, rss_stat), MEMBER(mm_struct, context.tlb_gen), MEMBER(mm_struct, context),
	MEMBER(mm_struct, flags), MEMBER(mm_struct, pgtables_bytes), MEMBER(mm_struct, tlb_flush_pending),
	MEMBER(mm_struct, tlb_flush_batched), {},
};
static const struct member vma_members[] = {
	MEMBER(vm_area_struct, vm_start), MEMBER(vm_area_struct, vm_end), MEMBER(vm_area_struct, vm_mm),
	MEMBER(vm_area_struct, vm_page_prot), MEMBER(vm_area_struct, vm_flags), MEMBER(vm_area_struct, shared),
	MEMBER(vm_area_struct, anon_vma), MEMBER(vm_area_struct, vm_ops), MEMBER(vm_area_struct, vm_pgoff),
	MEMBER(vm_area_struct, vm_file), {},
};
static const struct member inode_members[] = {
	MEMBER(inode, i_data.i_pages), MEMBER(inode, i_data.i_mmap_writable), MEMBER(inode, i_data.i_mmap),
	MEMBER(inode, i_data.i_mmap_rwsem), MEMBER(inode, i_data.nrpages), MEMBER(inode, i_data.writeback_index),
	MEMBER(inode, i_data.a_ops), MEMBER(inode, i_data.flags), MEMBER(inode, i_data), MEMBER(inode, i_rwsem),
	MEMBER(inode, i_state), MEMBER(inode, i_size), MEMBER(inode, i_blkbits), MEMBER(inode, i_mapping),
	MEMBER(inode, i_sb), MEMBER(inode, i_flags), {},
};
static const struct member task_members[] = {
	MEMBER(task_struct, thread_info), MEMBER(task_struct, __state), MEMBER(task_struct, flags), MEMBER(task_struct, mm), MEMBER(task_struct, active_mm),
	MEMBER(task_struct, tlb_ubc), MEMBER(task_struct, plug), MEMBER(task_struct, reclaim_state), {},
};

static void describe_as(struct linux_object *object, const char *name, long number, const struct member *members,
			unsigned long offset)
{
	object->name = name;
	object->number = number;
	object->offset = offset;
	for (; members && members->name; members++) {
		if (offset - members->offset >= members->size)
			continue;
		object->member = members->name;
		object->offset = offset - members->offset;
		return;
	}
}

/* One of an array of them; 0: it is none of these. */
static int describe_in(struct linux_object *object, const char *name, const struct member *members, unsigned long address,
		       const void *array, unsigned long count, unsigned long size)
{
	unsigned long offset = address - (unsigned long)array;

	if (offset >= count * size)
		return 0;
	describe_as(object, name, offset / size, members, offset % size);
	return 1;
}

/* An entry of a page table, of whichever level, or else what a page has in it. */
static void describe_frame(unsigned long address, struct linux_object *object)
{
	static const char *const levels[] = { "pte", "pmd", "pud", "pgd" };
	int mm, level;

	for (mm = 0; mm < linux_max_mms; mm++) {
		for (level = 0; level < ARRAY_SIZE(levels); level++) {
			unsigned long *entry = entry_at(mm, LINUX_USER_BASE, PAGE_SHIFT + level * bits_per_level);

			if (!entry || (address ^ (unsigned long)entry) >> PAGE_SHIFT)
				continue;
			/* Entries are told as virtual pages are, from the first of the windows. */
			describe_as(object, levels[level], (long)(address - (unsigned long)entry) / (long)sizeof(*entry), NULL,
				    address % sizeof(*entry));
			object->owner = "mm";
			object->owner_number = mm;
			return;
		}
	}
	describe_as(object, "contents of frame", (address - LINUX_FRAMES_BASE) >> PAGE_SHIFT, NULL, offset_in_page(address));
}

static void describe_object(unsigned long address, struct linux_object *object)
{
	unsigned long offset;
	const char *type = shim_object_type(address, &offset);
	struct shim_lock_name lock = shim_name_lock((void *)(address - offset));

	describe_as(object, type ? type : "object", -1, NULL, offset);
	if (type && strcmp(type, "vm_area_struct") == 0)
		describe_as(object, type, -1, vma_members, offset);
	if (lock.kind == linux_other_lock)
		return;
	object->owner = "mm";
	object->owner_number = lock.owner;
}

static void describe_page(unsigned long address, struct linux_object *object)
{
	const unsigned long offset = address - LINUX_PAGES_BASE;
	struct page *page = frame_page(offset / sizeof(*page));
	const bool is_second = PageTail(page) && compound_head(page) == page - 1;

	describe_as(object, "frame", offset / sizeof(*page), is_second ? second_page_members : page_members,
		    offset % sizeof(*page));
}

void linux_describe(const volatile void *where, struct linux_object *object)
{
	unsigned long address = (unsigned long)where;

	*object = (struct linux_object){ .number = -1 };
	if (address - LINUX_FRAMES_BASE < (unsigned long)linux_frames << PAGE_SHIFT)
		return describe_frame(address, object);
	if (address - LINUX_OBJECTS_BASE < LINUX_OBJECTS_SIZE)
		return describe_object(address, object);
	if (address - LINUX_PAGES_BASE < linux_frames * sizeof(struct page))
		return describe_page(address, object);
	if (describe_in(object, "mm", mm_members, address, shim_mms, linux_max_mms, sizeof(struct shim_mm)) ||
	    describe_in(object, "inode", inode_members, address, shim_inodes, linux_max_files, sizeof(struct inode)) ||
	    describe_in(object, "file", NULL, address, shim_files, linux_max_files, sizeof(struct file)) ||
	    describe_in(object, "task", task_members, address, shim_tasks, linux_max_cpus, sizeof(struct task_struct)))
		return;
}

/* --- locks --- */

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
		if (lock == &inode->i_data.invalidate_lock)
			return (struct shim_lock_name){ linux_invalidate_lock, i };
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
	struct folio *folio = xa_load(&shim_inodes[file].i_data.i_pages, index);

	return folio && !xa_is_value(folio) ? (long)folio_pfn(folio) + (long)(index & (folio_nr_pages(folio) - 1)) : -1;
}

unsigned linux_cache_tags(int file, unsigned long index)
{
	struct xarray *pages = &shim_inodes[file].i_data.i_pages;
	unsigned mark, tags = 0;

	for (mark = 0; mark < 3; mark++) {
		if (xa_get_mark(pages, index, (__force xa_mark_t)mark))
			tags |= 1u << mark;
	}
	return tags;
}

#if SINCE_6_12
/* Pins of a large folio are counted by themselves. */
static int references_of(const struct folio *folio)
{
	const int pins = folio_test_large(folio) ? atomic_read(&folio->_pincount) : 0;

	return folio_ref_count(folio) + pins * (GUP_PIN_COUNTING_BIAS - 1);
}
static int mapcount_of(const struct folio *folio) { return folio_mapcount(folio); }
#else
static int references_of(const struct folio *folio) { return folio_ref_count(folio); }
static int mapcount_of(const struct folio *folio) { return atomic_read(&folio->_mapcount) + 1; }
#endif

void linux_frame_facts(unsigned long pfn, struct linux_frame *facts)
{
	static const int flags[] = { PG_locked, PG_dirty, PG_writeback, PG_uptodate, PG_referenced, PG_active, PG_private, PG_lru,
		PG_swapbacked, PG_swapcache };
	struct folio *folio = page_folio(frame_page(pfn));
	struct page *page = &folio->page;
	int i;

	*facts = (struct linux_frame){ .file = -1, .in_use = shim_frame_used(pfn), .folio = pfn, .pages = 1 };
	if (!facts->in_use)
		return;
	facts->is_table = PageTable(page) != 0;
	facts->is_anonymous = PageAnon(page) != 0;
	facts->is_uncounted = is_zero_pfn(pfn) || shim_is_device_frame(pfn);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		facts->flags |= (page->flags >> flags[i] & 1) << i;
	facts->folio = folio_pfn(folio);
	facts->pages = folio_nr_pages(folio);
	/* A folio has one buffer. */
	if (PagePrivate(page) && buffer_dirty(page_buffers(page)))
		facts->flags |= 1u << 11;
	facts->refcount = facts->is_uncounted ? 0 : references_of(folio);
	facts->mapcount = facts->is_table ? 0 : mapcount_of(folio);
	facts->file = shim_file_of(page->mapping);
	if (facts->file >= 0)
		facts->index = page->index + (pfn - facts->folio);
}

unsigned long linux_file_pages(int file) { return shim_inodes[file].i_size >> PAGE_SHIFT; }
unsigned long linux_tlb_generation(int mm) { return atomic64_read(&shim_mms[mm].mm.context.tlb_gen); }
int linux_has_loaded(int cpu, int mm)
{
	pgd_t *pgd = shim_mms[mm].mm.pgd;

	return pgd && (per_cpu(shim_cr3, cpu) & PTE_PFN_MASK) == __sme_pa(pgd);
}
int linux_is_lazy(int cpu) { return per_cpu(cpu_tlbstate_shared.is_lazy, cpu); }
int linux_has_missed_flushes(int cpu)
{
	const struct tlb_state *state = per_cpu_ptr(&cpu_tlbstate, cpu);
	const struct mm_struct *mm = state->loaded_mm;

	return mm == &init_mm ||
	       state->ctxs[state->loaded_mm_asid].tlb_gen != atomic64_read(&mm->context.tlb_gen);
}
static long rss_of_kind(int mm, int kind)
{
#if SINCE_6_2
	return percpu_counter_sum(&shim_mms[mm].mm.rss_stat[kind]);
#else
	long rss = atomic_long_read(&shim_mms[mm].mm.rss_stat.count[kind]);
	int cpu;

	/* What its tasks have counted and not told it yet. */
	for (cpu = 0; cpu < linux_max_cpus; cpu++) {
		if (shim_tasks[cpu].mm == &shim_mms[mm].mm)
			rss += shim_tasks[cpu].rss_stat.count[kind];
	}
	return rss;
#endif
}
/* A tmpfs's pages, which the kernel counts by themselves, are pages of files. */
long linux_rss(int mm, int kind)
{
	return rss_of_kind(mm, kind) + (kind == MM_FILEPAGES ? rss_of_kind(mm, MM_SHMEMPAGES) : 0);
}

#if SINCE_6_9
static int is_poisoned(swp_entry_t entry) { return is_poisoned_swp_entry(entry) || is_hwpoison_entry(entry); }
#else
static int is_poisoned(swp_entry_t entry) { return is_hwpoison_entry(entry); }
#endif

void linux_decode_entry(unsigned long bits, struct linux_absent *absent)
{
	const swp_entry_t entry = pte_to_swp_entry(__pte(bits));

	absent->exclusive = is_device_exclusive_entry(entry) ? (long)page_to_pfn(pfn_swap_entry_to_page(entry)) : -1;
	absent->is_poisoned = is_poisoned(entry);
	absent->pfn = is_migration_entry(entry) ? (long)page_to_pfn(pfn_swap_entry_to_page(entry)) : -1;
	absent->slot = non_swap_entry(entry) ? -1 : shim_slot_of(entry);
}

int linux_flushes_pending(int mm)
{
	int pending = atomic_read(&shim_mms[mm].mm.tlb_flush_pending);
	int cpu;

	for (cpu = 0; cpu < linux_max_cpus; cpu++)
		pending += shim_tasks[cpu].tlb_ubc.flush_required;
	return pending;
}
