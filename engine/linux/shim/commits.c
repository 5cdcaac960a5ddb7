// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Reports what takes effect, where the kernel's files call each other: the linker turns such calls to here (--wrap). */
#include "shim.h"

/* mm/internal.h is the tree's own. */
#include "internal.h"

static int number_of(const struct mm_struct *mm) { return container_of(mm, struct shim_mm, mm) - shim_mms; }

void __real_tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm);
void __wrap_tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm)
{
	__real_tlb_gather_mmu(tlb, mm);
	host_gather_begins(number_of(mm));
}

void __real_tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm);
void __wrap_tlb_gather_mmu_fullmm(struct mmu_gather *tlb, struct mm_struct *mm)
{
	__real_tlb_gather_mmu_fullmm(tlb, mm);
	host_gather_begins(number_of(mm));
}

void __real_tlb_finish_mmu(struct mmu_gather *tlb);
void __wrap_tlb_finish_mmu(struct mmu_gather *tlb)
{
	int mm = number_of(tlb->mm);

	__real_tlb_finish_mmu(tlb);
	host_gather_ends(mm);
}

void __real___filemap_remove_folio(struct folio *folio, void *shadow);
void __wrap___filemap_remove_folio(struct folio *folio, void *shadow)
{
	int file = folio->mapping->host - shim_inodes;
	unsigned long index = folio->index;

	__real___filemap_remove_folio(folio, shadow);
	host_page_dropped(folio_pfn(folio), file, index);
}
