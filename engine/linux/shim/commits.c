// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Reports what takes effect, where the kernel's files call each other: the linker turns such calls to here (--wrap).
 * A call within one of its files is not seen. */
#include "shim.h"

/* mm/internal.h is the tree's own. */
#include "internal.h"

/* --- gathers and zaps --- */

void __real_tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm);
void __wrap_tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm)
{
	__real_tlb_gather_mmu(tlb, mm);
	host_code(IP);
	host_gather_begins(shim_number_of(mm));
}

void __real_tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm);
void __wrap_tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm)
{
	__real_tlb_gather_mmu_fullmm(tlb, mm);
	host_code(IP);
	host_gather_begins(shim_number_of(mm));
}

void __real_tlb_finish_mmu(struct mmu_gather *tlb);
void __wrap_tlb_finish_mmu(struct mmu_gather *tlb)
{
	int mm = shim_number_of(tlb->mm);

	__real_tlb_finish_mmu(tlb);
	host_code(IP);
	host_gather_ends(mm);
}

/* Patches to gathers change what this takes behind the page, what the batch's array holds and how it is called. So arguments are
 * passed on as registers hold them, and the array is what lies behind the rest of the batch. In the page's pointer low bits may
 * say something. `page` comes into the batch that was the active one before; or so many in a row, with their number behind it. */
#if SINCE_6_9
#define QUEUE_PAGE(PREFIX) PREFIX##___tlb_remove_folio_pages
#define QUEUED_PAGES(more) (more)
#else
#define QUEUE_PAGE(PREFIX) PREFIX##___tlb_remove_page_size
#define QUEUED_PAGES(more) 1UL
#endif
bool QUEUE_PAGE(__real)(struct mmu_gather *tlb, unsigned long page, unsigned long more, unsigned long yet_more);
bool QUEUE_PAGE(__wrap)(struct mmu_gather *tlb, unsigned long page, unsigned long more, unsigned long yet_more)
{
	const struct mmu_gather_batch *batch = tlb->active;
	const unsigned long *pointers = (const unsigned long *)(batch + 1);
	bool full = QUEUE_PAGE(__real)(tlb, page, more, yet_more);
	const unsigned int count = QUEUED_PAGES(more);

	host_code(IP);
	host_page_queued(page_to_pfn((struct page *)(page & -__alignof__(struct page))), count,
			 pointers[batch->nr - (count > 1 ? 2 : 1)], batch->nr, batch->max, tlb->batch_count);
	return full;
}

void __real_zap_page_range_single(struct vm_area_struct *vma, unsigned long address, unsigned long size,
				  struct zap_details *details);
void __wrap_zap_page_range_single(struct vm_area_struct *vma, unsigned long address, unsigned long size,
				  struct zap_details *details)
{
	int mm = shim_number_of(vma->vm_mm);

	host_zap_begins(mm, address, address + size);
	__real_zap_page_range_single(vma, address, size, details);
	host_zap_ends(mm, address, address + size);
}

/* --- fork --- */

/* dup_mmap comes to a mapping: it has linked the copy, but copied no entry yet. */
int __real_copy_page_range(struct vm_area_struct *copy, struct vm_area_struct *vma);
int __wrap_copy_page_range(struct vm_area_struct *copy, struct vm_area_struct *vma)
{
	int error;

	host_code(IP);
	shim_report_mapping(copy, copy->vm_start, copy->vm_end, copy->vm_pgoff, 0);
	error = __real_copy_page_range(copy, vma);
	if (error)
		shim_fork_fails();
	return error;
}

/* --- mprotect and mremap --- */

void __real_vma_set_page_prot(struct vm_area_struct *vma);
void __wrap_vma_set_page_prot(struct vm_area_struct *vma)
{
	__real_vma_set_page_prot(vma);
	shim_protection_changed(vma);
}

/* mremap is about to move what a part of a mapping shows to a new one. In older versions there is no last parameter, and
 * nobody looks at it. */
struct vm_area_struct *__real_copy_vma(struct vm_area_struct **vma, unsigned long to, unsigned long length,
				       pgoff_t index, bool *need_rmap_locks, bool keep_source);
struct vm_area_struct *__wrap_copy_vma(struct vm_area_struct **vma, unsigned long to, unsigned long length,
				       pgoff_t index, bool *need_rmap_locks, bool keep_source)
{
	const int mm = shim_number_of((*vma)->vm_mm);
	const unsigned long from = (*vma)->vm_start + ((index - (*vma)->vm_pgoff) << PAGE_SHIFT);
	struct vm_area_struct *copy = __real_copy_vma(vma, to, length, index, need_rmap_locks, keep_source);

	if (!copy)
		return NULL;
	host_code(IP);
	host_unmap_begins(mm, from, from + length);
	shim_report_mapping(copy, to, to + length, index, from);
	return copy;
}

/* It unmaps what is at the new place, and last what is left of the old one. The mmap_lock stays. */
#if SINCE_6_2
int __real_do_vmi_munmap(struct vma_iterator *vmas, struct mm_struct *mm, unsigned long start, size_t length,
			 struct list_head *unused, bool unlock);
int __wrap_do_vmi_munmap(struct vma_iterator *vmas, struct mm_struct *mm, unsigned long start, size_t length,
			 struct list_head *unused, bool unlock)
{
	int error;

	/* munmap, which says so itself. */
	if (unlock)
		return __real_do_vmi_munmap(vmas, mm, start, length, unused, unlock);
	host_code(IP);
	host_unmap_begins(shim_number_of(mm), start, start + length);
	error = __real_do_vmi_munmap(vmas, mm, start, length, unused, unlock);
	host_code(IP);
	if (!error)
		host_unmap_ends(shim_number_of(mm), start, start + length);
	return error;
}
#else
int __real_do_munmap(struct mm_struct *mm, unsigned long start, size_t length, struct list_head *unused);
int __wrap_do_munmap(struct mm_struct *mm, unsigned long start, size_t length, struct list_head *unused)
{
	int error;

	host_code(IP);
	host_unmap_begins(shim_number_of(mm), start, start + length);
	error = __real_do_munmap(mm, start, length, unused);
	host_code(IP);
	if (!error)
		host_unmap_ends(shim_number_of(mm), start, start + length);
	return error;
}
#endif

/* --- the page cache --- */

/* The file whose page cache this is; -1: another XArray. */
static int file_of(const struct xarray *array)
{
	return shim_file_of(container_of(array, struct address_space, i_pages));
}

static int is_folio(const void *entry) { return entry && !xa_is_internal(entry) && !xa_is_value(entry); }

void *__real_xas_load(struct xa_state *xas);
void *__wrap_xas_load(struct xa_state *xas)
{
	void *entry = __real_xas_load(xas);
	int file = file_of(xas->xa);

	host_code(IP);
	if (file >= 0)
		host_page_looked_up(file, xas->xa_index, is_folio(entry) ? (long)folio_pfn(entry) : -1);
	return entry;
}

void *__real_xas_store(struct xa_state *xas, void *entry);
void *__wrap_xas_store(struct xa_state *xas, void *entry)
{
	int file = file_of(xas->xa);
	void *was;

	if (file < 0)
		return __real_xas_store(xas, entry);
	host_slot_store_begins(file, xas->xa_index, (unsigned long)entry, IP);
	was = __real_xas_store(xas, entry);
	host_slot_store_ends();
	return was;
}

void __real_xas_set_mark(const struct xa_state *xas, xa_mark_t mark);
void __wrap_xas_set_mark(const struct xa_state *xas, xa_mark_t mark)
{
	int file = file_of(xas->xa);

	__real_xas_set_mark(xas, mark);
	host_code(IP);
	if (file >= 0)
		host_page_tagged(file, xas->xa_index, 1 << (__force unsigned int)mark);
}
