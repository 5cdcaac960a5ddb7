/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What the files of the shim share. */
#ifndef SHOOTDOWN_LINUX_SHIM_H
#define SHOOTDOWN_LINUX_SHIM_H

#include <linux/version.h>

#include <linux/backing-dev.h>
#include <linux/cpuhotplug.h>
#include <linux/fs.h>
#include <linux/hardirq.h>
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mmzone.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>
#include <linux/writeback.h>
#include <asm/tlb.h>
#include <asm/tlbflush.h>

#include "engine/linux/shim/interface.h"

/* Per-CPU data of the current task moved, allocation functions got _noprof names, and much else. */
#define SINCE_6_2 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))
/* Several pages of a folio are queued at once; and what a userfaultfd is asked for it is told itself. */
#define SINCE_6_9 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0))
/* Who looks for room for a mapping is told its flags. */
#define SINCE_6_10 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0))
/* Filesystems are given folios. */
#define SINCE_6_12 (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/* Who called. */
#define IP __builtin_return_address(0)

static inline struct page *frame_page(unsigned long pfn) { return (struct page *)LINUX_PAGES_BASE + pfn; }
static inline void *frame_address(unsigned long pfn) { return (void *)(LINUX_FRAMES_BASE + (pfn << PAGE_SHIFT)); }

struct page *shim_alloc_frames(gfp_t gfp, unsigned int order);
static inline struct page *shim_alloc_frame(gfp_t gfp) { return shim_alloc_frames(gfp, 0); }
struct folio *shim_alloc_folio(gfp_t gfp, unsigned int order);
/* `ip` is whose doing it is. */
void shim_free_frames(struct page *page, unsigned int order, const void *ip);
int shim_frame_used(unsigned long pfn);
/* Zeroed; aligned to 256 bytes, as maple nodes must be. Its place is never used again within a run. */
void *shim_alloc_object(unsigned long size);
/* Says the type of the object that was allocated last; of the one at an address, and how far that is in it. Null: nobody has
 * said. */
void shim_name_object(const char *type);
const char *shim_object_type(unsigned long address, unsigned long *offset);
/* `ip` is whose doing it is. */
void shim_free_object(const void *object, const void *ip);
int shim_object_freed(unsigned long address);

extern struct task_struct shim_tasks[linux_max_cpus];
struct shim_mm {
	struct mm_struct mm;
	char cpumask[256]; /* lies behind the mm */
};
extern struct shim_mm shim_mms[linux_max_mms];
static inline int shim_number_of(const struct mm_struct *mm) { return container_of(mm, struct shim_mm, mm) - shim_mms; }
/* dup_mmap of kernel/fork.c: copies an mm's mappings, and what it has of its own, to one that is empty. */
int dup_mmap(struct mm_struct *child, struct mm_struct *mm);
/* The CPU's fork cannot go on. */
void shim_fork_fails(void);
/* Makes an mm that has had mappings as empty as it was. */
void shim_empty_mm(struct mm_struct *mm);
/* The CPU is about to drop a lock. */
void shim_before_unlock(const struct rw_semaphore *sem);
/* Tells of what a mapping shows in a range; `from` is where that was until now, 0: nowhere. */
void shim_report_mapping(const struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned long index,
			 unsigned long from);
/* It has changed what may be done with a mapping, but no entry yet. */
void shim_protection_changed(const struct vm_area_struct *vma);
extern struct inode shim_inodes[linux_max_files];
/* Whose page cache this is; -1: of none of the files. */
int shim_file_of(const struct address_space *mapping);
extern struct file shim_files[linux_max_files];
DECLARE_PER_CPU(unsigned long, shim_irq_flags);
DECLARE_PER_CPU(unsigned long, shim_cr3);

/* Whether this CPU has calls to make after a grace period; makes some of them. */
/* Whether a CPU may not be preempted. */
int shim_is_inside(int cpu);
int shim_rcu_ready(void);
void shim_rcu_interrupt(void);

/* Which lock this is. */
struct shim_lock_name {
	enum linux_lock kind;
	int owner;
};
struct shim_lock_name shim_name_lock(const void *lock);

void shim_init_inode(struct inode *inode, struct super_block *sb);
/* Takes a page of a page cache off its LRU list, unless somebody maps it. */
void shim_isolate(struct address_space *mapping, unsigned long index, struct list_head *list);

/* Whether a request is one for swap space; makes it. */
bool shim_is_swap(const struct bio *bio);
void shim_submit_swap(struct bio *bio);
/* Whether the disk has an answer for this CPU; which takes it. */
int shim_disk_ready(void);
void shim_disk_interrupt(void);
/* The slot of an entry in a page table. */
int shim_slot_of(swp_entry_t entry);
void shim_reclaim_swap_cache(void);
/* The CPU moves pages. */
DECLARE_PER_CPU(bool, shim_migrating);

void shim_init_memory(void);
void shim_init_swap(void);
/* Nobody gives it back. */
void __percpu *shim_alloc_percpu(size_t size);
void shim_init_percpu_counter(struct percpu_counter *counter);
void shim_init_files(void);
/* A device with memory of its own: who opens it, its address space, and what is in it. */
struct file *shim_device(void);
int shim_is_device(const struct address_space *mapping);
int shim_is_device_frame(unsigned long pfn);
void shim_init_device(struct super_block *sb);
/* For a run: so many pages of it; 0: there is none. */
void shim_begin_device(int pages);

/* For a run: all mappings have these flags, too; and the length of all windows. */
void shim_begin_mappings(unsigned long flags, unsigned long length);
/* For a run: files of so many pages, in folios of an order. */
void shim_begin_files(int pages, int filesystem, unsigned int order);

#endif
