// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Stubs: functions that do nothing here, because what they do is for others than mm/; and data of files that are not
 * linked. Functions of which not even the type matters are in nothing.txt.
 *
 * Keeps nothing of what they do: no timestamps of files, no security checks, no hotplug of CPUs. */
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/userfaultfd_k.h>

#include "shim.h"

#if SINCE_6_2
bool inode_owner_or_capable(struct mnt_idmap *map, const struct inode *inode) { return true; }
DEFINE_STATIC_KEY_MAYBE(CONFIG_INIT_ON_FREE_DEFAULT_ON, init_on_free);
#else
bool inode_owner_or_capable(struct user_namespace *namespace, const struct inode *inode) { return true; }
#endif
bool pfn_modify_allowed(unsigned long pfn, pgprot_t prot) { return true; }
/* The child is not registered, and nobody is told of what is unmapped. */
int dup_userfaultfd(struct vm_area_struct *vma, struct list_head *unused)
{
	vma->vm_userfaultfd_ctx = NULL_VM_UFFD_CTX;
	return 0;
}
bool userfaultfd_remove(struct vm_area_struct *vma, unsigned long start, unsigned long end) { return true; }
bool capable(int capability) { return true; }
unsigned long nr_free_buffer_pages(void) { return 1UL << 20; }
int file_update_time(struct file *file) { return 0; }
void fput(struct file *file) {}
int nsproxy_cache_init(void) { return 0; }
#ifndef get_file_rcu
/* No program is one of a file. */
struct file *get_file_rcu(struct file __rcu **file) { return NULL; }
#endif
int __cpuhp_setup_state(enum cpuhp_state state, const char *name, bool invoke, int (*start)(unsigned int),
			int (*stop)(unsigned int), bool multi)
{
	return 0;
}
/* The one thing of it that another CPU sees is that the inode is written. */
void __mark_inode_dirty(struct inode *inode, int flags) { host_step(inode, 8, 1, IP); }

/* --- what the kernel prints --- */

/* Errors only (KERN_EMERG to KERN_ERR); nobody wants to read the rest. */
int _printk(const char *format, ...)
{
	if (format[0] == KERN_SOH_ASCII && format[1] >= '0' && format[1] <= LOGLEVEL_ERR + '0')
		host_error_printed(format + 2);
	return 0;
}
/* A WARN or BUG follows, or an error came before, and is reported. */
void __warn_printk(const char *format, ...) {}
#if SINCE_6_2
void dump_page(const struct page *page, const char *reason) {}
#else
void dump_page(struct page *page, const char *reason) {}
#endif
void dump_stack(void) {}
void add_taint(unsigned int flag, enum lockdep_ok lockdep) {}
int oops_in_progress, debug_locks_silent;
int debug_locks_off(void) { return 1; }

/* --- data --- */

DEFINE_STATIC_KEY_FALSE(rdpmc_always_available_key);
DEFINE_STATIC_KEY_FALSE(rdpmc_never_available_key);

#if SINCE_6_2
DEFINE_PER_CPU_ALIGNED(struct pcpu_hot, pcpu_hot);
#else
DEFINE_PER_CPU(struct task_struct *, current_task);
DEFINE_PER_CPU_READ_MOSTLY(int, cpu_number);
DEFINE_PER_CPU(int, __preempt_count);
#endif
DEFINE_PER_CPU_READ_MOSTLY(unsigned long, this_cpu_off);
DEFINE_PER_CPU_SHARED_ALIGNED(irq_cpustat_t, irq_stat);
__visible DEFINE_PER_CPU_ALIGNED(struct tlb_state, cpu_tlbstate);
DEFINE_PER_CPU_READ_MOSTLY(struct cpuinfo_x86, cpu_info);
unsigned long __per_cpu_offset[NR_CPUS];
unsigned int nr_cpu_ids = linux_max_cpus;
unsigned long max_pfn, max_low_pfn, max_pfn_mapped;
struct cpumask __cpu_online_mask, __cpu_possible_mask, __cpu_present_mask, __cpu_active_mask, __cpu_dying_mask;
atomic_t __num_online_cpus = ATOMIC_INIT(linux_max_cpus);
unsigned long page_offset_base = LINUX_FRAMES_BASE, vmemmap_base = LINUX_PAGES_BASE, vmalloc_base, phys_base;
pteval_t __default_kernel_pte_mask = ~0UL, __supported_pte_mask = ~0UL;
struct cpuinfo_x86 boot_cpu_data;
struct pglist_data contig_page_data;
/* All frames are in the first section of memory (pfn_valid). */
static const struct mem_section sections[SECTIONS_PER_ROOT] = {
	{ .section_mem_map = SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP | SECTION_IS_ONLINE | SECTION_IS_EARLY },
};
static const struct mem_section *const section_roots[NR_SECTION_ROOTS] = { sections };
struct mem_section **mem_section = (struct mem_section **)section_roots;
struct mm_struct init_mm = { .mmlist = LIST_HEAD_INIT(init_mm.mmlist), .cpu_bitmap = CPU_BITS_NONE };
unsigned long volatile jiffies = 1000;
atomic_long_t _totalram_pages;
enum system_states system_state = SYSTEM_RUNNING;
s32 vm_committed_as_batch = 32;
unsigned long totalreserve_pages;
/* Nobody does the work that is queued in them (queue_work_on is in nothing.txt). */
struct workqueue_struct *system_wq, *system_percpu_wq;
DEFINE_SPINLOCK(pgd_lock);
LIST_HEAD(pgd_list);
