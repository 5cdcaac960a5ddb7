// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* What user space can ask for, by the kernel's own entry points; and the page fault, as do_user_addr_fault does it. */
#include <linux/fadvise.h>
#include <linux/migrate.h>
#include <linux/mman.h>
#include <linux/userfaultfd_k.h>
#include <asm/mmu_context.h>

#include <linux/uio.h>

#include "shim.h"

/* mm/internal.h is the tree's own. */
#include "internal.h"

int linux_fault(unsigned long address, int store)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	vm_fault_t result;

	mmap_read_lock(mm);
	vma = find_vma(mm, address);
	if (!vma || vma->vm_start > address) {
		mmap_read_unlock(mm);
		return -EFAULT;
	}
	if (store && !(vma->vm_flags & VM_WRITE)) {
		mmap_read_unlock(mm);
		return -EACCES;
	}
	result = handle_mm_fault(vma, address, FAULT_FLAG_USER | (store ? FAULT_FLAG_WRITE : 0), NULL);
	mmap_read_unlock(mm);
	return result & VM_FAULT_ERROR ? -EFAULT : 0;
}

/* What the CPU unmaps or protects until it drops the mmap_lock; end 0: nothing. */
struct user_range {
	unsigned long start;
	unsigned long end;
};
static DEFINE_PER_CPU(struct user_range, unmapping);
static DEFINE_PER_CPU(struct user_range, protecting);

/* What the CPU forks, until it drops the parent's mmap_lock; null: nothing. */
static DEFINE_PER_CPU(struct mm_struct *, forking);

static void begin_unmap(struct mm_struct *mm, unsigned long address, unsigned long length)
{
	host_unmap_begins(shim_number_of(mm), address, address + length);
	per_cpu(unmapping, host_cpu()) = (struct user_range){ address, address + length };
}

/* mprotect goes from one mapping to the next, and stops where there is none. */
static void begin_protect(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct user_range *own = &per_cpu(protecting, host_cpu());

	host_protect_begins(shim_number_of(mm), start, end);
	if (own->end == 0)
		own->start = start;
	own->end = end;
}

void shim_report_mapping(const struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long index,
			 unsigned long from)
{
	const struct linux_shown shown = {
		.mapping = vma->vm_flags & VM_PFNMAP ? linux_device :
			   vma->vm_flags & VM_SHARED ? linux_shared :
			   vma->vm_file		     ? linux_private :
						       linux_anonymous,
		.file = vma->vm_file ? shim_file_of(vma->vm_file->f_mapping) : -1,
		.index = index,
		.read_only = !(vma->vm_flags & VM_WRITE),
		.from = from,
	};

	host_mapped(shim_number_of(vma->vm_mm), start, end, &shown);
}

void shim_protection_changed(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		shim_report_mapping(vma, vma->vm_start, vma->vm_end, vma->vm_pgoff, vma->vm_start);
	else
		begin_protect(vma->vm_mm, vma->vm_start, vma->vm_end);
}

static void end_range(struct user_range *own, void (*ends)(int mm, unsigned long start, unsigned long end))
{
	if (own->end != 0)
		ends(shim_number_of(current->mm), own->start, own->end);
	own->end = 0;
}

void shim_before_unlock(const struct rw_semaphore *sem)
{
	if (!current->mm || sem != &current->mm->mmap_lock)
		return;
	end_range(&per_cpu(unmapping, host_cpu()), host_unmap_ends);
	end_range(&per_cpu(protecting, host_cpu()), host_protect_ends);
	if (per_cpu(forking, host_cpu()))
		host_fork_ends(shim_number_of(current->mm), shim_number_of(per_cpu(forking, host_cpu())));
	per_cpu(forking, host_cpu()) = NULL;
}

/* As if MADV_SEQUENTIAL came with each mmap. */
static unsigned long flags_of_run;
/* Where the windows end. */
static unsigned long user_end;
void shim_begin_mappings(unsigned long flags, unsigned long length)
{
	flags_of_run = flags;
	user_end = LINUX_USER_BASE + length;
}

/* As do_mmap does it, which finds an address and looks at rights. */
int linux_mmap(unsigned long address, unsigned long length, enum linux_mapping mapping, int file, unsigned long index)
{
	const unsigned long flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | flags_of_run |
				    (mapping == linux_shared || mapping == linux_device ? VM_SHARED | VM_MAYSHARE : 0);
	const struct linux_shown shown = {
		.mapping = mapping,
		.file = mapping == linux_anonymous ? -1 : file,
		.index = index,
	};
	struct mm_struct *mm = current->mm;
	unsigned long result;

	mmap_write_lock(mm);
	host_unmap_begins(shim_number_of(mm), address, address + length);
	if (mapping == linux_anonymous)
		result = mmap_region(NULL, address, length, flags, address >> PAGE_SHIFT, NULL);
	else
		result = mmap_region(mapping == linux_device ? shim_device() : &shim_files[file], address, length, flags, index,
				     NULL);
	host_code(NULL);
	host_mapped(shim_number_of(mm), address, address + length, &shown);
	mmap_write_unlock(mm);
	return IS_ERR_VALUE(result) ? (int)result : 0;
}

int linux_munmap(unsigned long address, unsigned long length)
{
	struct mm_struct *mm = current->mm;
	LIST_HEAD(unused);
	int result;
#if SINCE_6_2
	VMA_ITERATOR(vmas, mm, address);

	mmap_write_lock(mm);
	begin_unmap(mm, address, length);
	result = do_vmi_munmap(&vmas, mm, address, length, &unused, true);
	if (result)
		mmap_write_unlock(mm);
	return result;
#else
	MA_STATE(vmas, &mm->mm_mt, address, address);

	mmap_write_lock(mm);
	begin_unmap(mm, address, length);
	result = do_mas_munmap(&vmas, mm, address, length, &unused, true);
	if (result == 1)
		mmap_read_unlock(mm);
	else
		mmap_write_unlock(mm);
	return result == 1 ? 0 : result;
#endif
}

/* System calls of which the kernel has no function of its own. */
long __x64_sys_mprotect(const struct pt_regs *arguments);
long __x64_sys_mremap(const struct pt_regs *arguments);
long __x64_sys_msync(const struct pt_regs *arguments);

int linux_mprotect(unsigned long address, unsigned long length, int writable)
{
	const struct pt_regs arguments = {
		.di = address,
		.si = length,
		.dx = PROT_READ | (writable ? PROT_WRITE : 0),
	};

	return __x64_sys_mprotect(&arguments);
}

long linux_mremap(unsigned long address, unsigned long length, unsigned long to)
{
	const struct pt_regs arguments = {
		.di = address,
		.si = length,
		.dx = length,
		.r10 = MREMAP_MAYMOVE | MREMAP_FIXED,
		.r8 = to,
	};

	return __x64_sys_mremap(&arguments);
}

int linux_msync(unsigned long address, unsigned long length)
{
	const struct pt_regs arguments = { .di = address, .si = length, .dx = MS_SYNC };

	return __x64_sys_msync(&arguments);
}

/* Who reclaims passes over pages that some CPU has not put on an LRU list yet. When it does is chance: here it has. */
int linux_madvise(unsigned long address, unsigned long length, int advice)
{
	if (advice == MADV_PAGEOUT || advice == MADV_COLD || advice == MADV_FREE)
		lru_add_drain_all();
	return do_madvise(current->mm, address, length, advice);
}

int linux_fsync(int file, unsigned long first, unsigned long count)
{
	return vfs_fsync_range(&shim_files[file], first * PAGE_SIZE, (first + count) * PAGE_SIZE - 1, 0);
}

int linux_writeback(int file, unsigned long first, unsigned long count)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
		.nr_to_write = LONG_MAX,
		.range_start = first * PAGE_SIZE,
		.range_end = (first + count) * PAGE_SIZE - 1,
	};

	return filemap_fdatawrite_wbc(shim_files[file].f_mapping, &wbc);
}

int linux_fadvise_dontneed(int file, unsigned long first, unsigned long count)
{
	return generic_fadvise(&shim_files[file], first * PAGE_SIZE, count * PAGE_SIZE, POSIX_FADV_DONTNEED);
}

int linux_invalidate(int file, unsigned long first, unsigned long count)
{
	return invalidate_inode_pages2_range(shim_files[file].f_mapping, first, first + count - 1);
}

/* Takes a page, to which the caller has a reference, off its LRU list, if it is on one. */
static bool isolate(struct folio *folio)
{
#if SINCE_6_2
	return folio_isolate_lru(folio);
#else
	return folio_isolate_lru(folio) == 0;
#endif
}

static void put(struct folio *folio)
{
	host_step(folio, sizeof(struct page), 1, IP);
	folio_put(folio);
}

void shim_isolate(struct address_space *mapping, unsigned long index, struct list_head *list)
{
	struct folio *folio = filemap_get_folio(mapping, index);

	if (IS_ERR_OR_NULL(folio))
		return;
	if (!folio_mapped(folio) && isolate(folio))
		list_add_tail(&folio->lru, list);
	put(folio);
}

void linux_reclaim(int file, unsigned long first, unsigned long count)
{
	LIST_HEAD(list);
	unsigned long index;

	lru_add_drain_all();
	for (index = first; index < first + count; index++)
		shim_isolate(shim_files[file].f_mapping, index, &list);
	reclaim_pages(&list);
}

/* Of who finds pages on their LRU lists, by no lock of an mm. Whose turn it is the range says. Null: there is none. */
static struct folio *isolate_mapped(unsigned long address)
{
	const unsigned long *entry;
	struct folio *folio;
	bool isolated;

	host_step(&current->mm->pgd, sizeof(current->mm->pgd), 0, IP);
	entry = linux_entry_of(shim_number_of(current->mm), address);
	if (!entry || !(*entry & _PAGE_PRESENT) || *entry & _PAGE_SPECIAL)
		return NULL;
	folio = page_folio(frame_page((*entry & PTE_PFN_MASK) >> PAGE_SHIFT));
	host_step(folio, sizeof(struct page), 1, IP);
	if (!folio_try_get(folio))
		return NULL;
	isolated = isolate(folio);
	put(folio);
	return isolated ? folio : NULL;
}

/* It forgets that pages were accessed (shrink_active_list), and comes back for them. */
void linux_kswapd(unsigned long address, unsigned long length)
{
	LIST_HEAD(list);
	unsigned long end = address + length, flags;

	lru_add_drain_all();
	for (; address < end; address += PAGE_SIZE) {
		struct folio *folio = isolate_mapped(address);

		if (!folio)
			continue;
		folio_referenced(folio, 0, NULL, &flags);
		list_add(&folio->lru, &list);
	}
	reclaim_pages(&list);
}

/* As compaction, which has put free frames aside: it does not wait for one. */
#if SINCE_6_12
static struct folio *new_frame(struct folio *folio, unsigned long private)
{
	return shim_alloc_folio(GFP_NOWAIT, folio_order(folio));
}
#else
static struct page *new_frame(struct page *page, unsigned long private) { return shim_alloc_frame(GFP_NOWAIT); }
#endif

void linux_migrate(unsigned long address, unsigned long length)
{
	LIST_HEAD(list);
	unsigned long end = address + length;

	lru_add_drain_all();
	for (; address < end; address += PAGE_SIZE) {
		struct folio *folio = isolate_mapped(address);

		if (!folio)
			continue;
		list_add_tail(&folio->lru, &list);
		node_stat_mod_folio(folio, NR_ISOLATED_ANON + folio_is_file_lru(folio), folio_nr_pages(folio));
	}
	per_cpu(shim_migrating, host_cpu()) = true;
	if (!list_empty(&list) && migrate_pages(&list, new_frame, NULL, 0, MIGRATE_SYNC, MR_COMPACTION, NULL))
		putback_movable_pages(&list);
	per_cpu(shim_migrating, host_cpu()) = false;
}

/* What is copied is the program's affair: there is no memory behind it. */
static void start_copy(struct kiocb *call, struct iov_iter *iter, int file, unsigned long index, int source)
{
	*call = (struct kiocb){ .ki_filp = &shim_files[file], .ki_pos = (loff_t)index * PAGE_SIZE };
	*iter = (struct iov_iter){ .iter_type = ITER_KVEC, .data_source = source, .count = PAGE_SIZE };
}

int linux_read(int file, unsigned long index)
{
	struct kiocb call;
	struct iov_iter iter;
	ssize_t result;

	start_copy(&call, &iter, file, index, ITER_DEST);
	result = filemap_read(&call, &iter, 0);
	return result < 0 ? (int)result : 0;
}

int linux_write(int file, unsigned long index)
{
	struct inode *inode = &shim_inodes[file];
	struct kiocb call;
	struct iov_iter iter;
	ssize_t result;

	start_copy(&call, &iter, file, index, ITER_SOURCE);
	inode_lock(inode);
	result = generic_perform_write(&call, &iter);
	inode_unlock(inode);
	return result < 0 ? (int)result : 0;
}

/* As who has a device write to memory, in 6.12 a read() with O_DIRECT: what was pinned for it is marked dirty when it is done. */
int linux_dma(unsigned long address)
{
	struct page *page;
	int pinned = pin_user_pages_fast(address, 1, FOLL_WRITE, &page);

	if (pinned < 0)
		return pinned;
	if (pinned != 1)
		host_die("no page was pinned, and nobody says why");
	host_dma_word(page_to_pfn(page));
	unpin_user_pages_dirty_lock(&page, 1, true);
	return 0;
}

/* As dmirror_exclusive of lib/test_hmm.c, which does not mark the page dirty. */
int linux_exclusive(unsigned long address)
{
	struct mm_struct *mm = current->mm;
	struct page *page = NULL;
	int pages;

	mmap_read_lock(mm);
	pages = make_device_exclusive_range(mm, address, address + PAGE_SIZE, &page, NULL);
	if (pages == 1 && page) {
		host_dma_word(page_to_pfn(page));
		unlock_page(page);
		put(page_folio(page));
	}
	mmap_read_unlock(mm);
	return pages < 0 ? pages : 0;
}

/* --- places that nobody may use --- */

#if SINCE_6_9
/* Of each mm, one that is there as long as it is used; by one thread at a time. */
static struct userfaultfd_ctx userfaultfds[linux_max_mms];
static struct mutex poisoning[linux_max_mms];

/* UFFDIO_REGISTER, but of a whole mapping, and for no fault. Whether it has the range. */
static bool register_mapping(struct userfaultfd_ctx *context, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	bool fits;

	mmap_write_lock(context->mm);
	vma = find_vma(context->mm, start);
	fits = vma && vma->vm_start <= start && end <= vma->vm_end && vma_is_anonymous(vma);
	if (fits)
		vma->vm_userfaultfd_ctx.ctx = context;
	mmap_write_unlock(context->mm);
	return fits;
}
/* UFFDIO_UNREGISTER, whatever has become of it. */
static void unregister_mappings(struct userfaultfd_ctx *context)
{
	VMA_ITERATOR(vmas, context->mm, 0);
	struct vm_area_struct *vma;

	mmap_write_lock(context->mm);
	for_each_vma(vmas, vma) {
		if (vma->vm_userfaultfd_ctx.ctx == context)
			vma->vm_userfaultfd_ctx.ctx = NULL;
	}
	mmap_write_unlock(context->mm);
}

int linux_has_poison(void) { return 1; }
void linux_poison(unsigned long address, unsigned long length)
{
	const int number = shim_number_of(current->mm);
	struct userfaultfd_ctx *context = &userfaultfds[number];

	mutex_lock(&poisoning[number]);
	context->mm = current->mm;
	if (register_mapping(context, address, address + length))
		mfill_atomic_poison(context, address, length, 0);
	unregister_mappings(context);
	mutex_unlock(&poisoning[number]);
}
#else
int linux_has_poison(void) { return 0; }
void linux_poison(unsigned long address, unsigned long length) { host_die("there is no UFFDIO_POISON in this version"); }
#endif

void linux_drop_cache(int file)
{
	invalidate_mapping_pages(shim_files[file].f_mapping, 0, -1);
	/* Those that are not clean have come to the end of a list. */
	lru_add_drain();
}

void shim_fork_fails(void) { per_cpu(forking, host_cpu()) = NULL; }

/* As dup_mm does it, of an mm that has been made. It is given up if a page is locked that a device has to itself
 * (copy_nonpresent_pte): then what there is of the child is torn down, as mmput does, and the program tries again. */
void linux_fork(int child)
{
	struct mm_struct *mm = &shim_mms[child].mm;

	for (;;) {
		per_cpu(forking, host_cpu()) = mm;
		host_fork_begins(shim_number_of(current->mm), child);
		if (dup_mmap(mm, current->mm) == 0)
			break;
		host_unmap_begins(child, LINUX_USER_BASE, user_end);
		exit_mmap(mm);
		host_unmap_ends(child, LINUX_USER_BASE, user_end);
		shim_empty_mm(mm);
		host_sleep();
	}
	per_cpu(forking, host_cpu()) = NULL;
}

/* A kernel thread runs for a while, as context_switch has it, and does nothing. */
void linux_idle(void)
{
	struct mm_struct *mm = current->mm;

	local_irq_disable();
	enter_lazy_tlb(mm, current);
	local_irq_enable();
	local_irq_disable();
	switch_mm_irqs_off(mm, mm, current);
	local_irq_enable();
}

/* The thread leaves its mm, and its CPU enters lazy mode (exit_mm); the last one tears the mm down (mmput). */
void linux_exit(void)
{
	struct mm_struct *mm = current->mm;

#if !SINCE_6_2
	sync_mm_rss(mm);
#endif
	mmap_read_lock(mm);
	local_irq_disable();
	current->mm = NULL;
	enter_lazy_tlb(mm, current);
	local_irq_enable();
	mmap_read_unlock(mm);
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	exit_mmap(mm);
	spin_lock(&mmlist_lock);
	list_del_init(&mm->mmlist);
	spin_unlock(&mmlist_lock);
}

void linux_end(void)
{
	int cpu, mm;

	for (cpu = 0; cpu < linux_max_cpus; cpu++)
		lru_add_drain_cpu(cpu);
	shim_reclaim_swap_cache();
	/* Those that are out of the swap cache now, but were dirty, have been put back. */
	lru_add_drain();
	for (mm = 0; mm < linux_max_mms; mm++) {
		if (shim_mms[mm].mm.pgd)
			free_pages((unsigned long)shim_mms[mm].mm.pgd, 0);
		shim_mms[mm].mm.pgd = NULL;
	}
}
