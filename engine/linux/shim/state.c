// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* The kernel as it is when it has booted, and the mms, threads and files of a run. */
#include <linux/sched/signal.h>

#include "shim.h"

/* mm/internal.h is the tree's own. */
#include "internal.h"

/* Large, and most of them nobody's in most runs: by themselves, so that those need not be looked at. */
struct task_struct shim_tasks[linux_max_cpus] __section(".linux_tasks");
struct shim_mm shim_mms[linux_max_mms];

/* All threads' limits: there are none. */
static struct signal_struct signals;

static DEFINE_PER_CPU(struct per_cpu_nodestat, nodestat);
static DEFINE_PER_CPU(struct per_cpu_zonestat, zonestat);

void ptlock_cache_init(void);
void proc_caches_init(void);
void radix_tree_init(void);
void maple_tree_init(void);
extern struct list_lru shadow_nodes;

unsigned long linux_version(void) { return LINUX_VERSION_CODE; }

static void boot_cpu(int cpu)
{
	cpumask_set_cpu(cpu, &__cpu_online_mask);
	cpumask_set_cpu(cpu, &__cpu_possible_mask);
	per_cpu(this_cpu_off, cpu) = __per_cpu_offset[cpu];
#if SINCE_6_2
	per_cpu(pcpu_hot.current_task, cpu) = &shim_tasks[cpu];
	per_cpu(pcpu_hot.cpu_number, cpu) = cpu;
#else
	per_cpu(current_task, cpu) = &shim_tasks[cpu];
	per_cpu(cpu_number, cpu) = cpu;
#endif
	shim_tasks[cpu].pid = 100 + cpu;
	shim_tasks[cpu].signal = &signals;
	refcount_set(&shim_tasks[cpu].usage, 1);
}

static void boot_zones(void)
{
	int i;

	contig_page_data.per_cpu_nodestats = &nodestat;
	for (i = 0; i < MAX_NR_ZONES; i++) {
		contig_page_data.node_zones[i].per_cpu_zonestats = &zonestat;
		contig_page_data.node_zones[i].zone_pgdat = &contig_page_data;
	}
	/* So much that nobody is throttled. */
	atomic_long_set(&vm_zone_stat[NR_FREE_PAGES], 1 << 20);
	/* And who wants to map memory is not refused. */
	atomic_long_set(&_totalram_pages, 1 << 20);
	lruvec_init(&contig_page_data.__lruvec);
	spin_lock_init(&contig_page_data.deferred_split_queue.split_queue_lock);
	INIT_LIST_HEAD(&contig_page_data.deferred_split_queue.split_queue);
}

void linux_boot(const unsigned long *percpu_offsets)
{
	int cpu, i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		signals.rlim[i].rlim_cur = signals.rlim[i].rlim_max = RLIM_INFINITY;
	for (cpu = 0; cpu < linux_max_cpus; cpu++) {
		__per_cpu_offset[cpu] = percpu_offsets[cpu];
		boot_cpu(cpu);
	}
	highest_memmap_pfn = linux_frames - 1;
	max_pfn = linux_frames;
	boot_zones();
	shim_init_memory();
	radix_tree_init();
	maple_tree_init();
	pagecache_init();
	ptlock_cache_init();
	anon_vma_init();
	/* Which calls mmap_init(). */
	proc_caches_init();
	shadow_nodes.node = shim_alloc_object(sizeof(*shadow_nodes.node));
	spin_lock_init(&shadow_nodes.node->lock);
	INIT_LIST_HEAD(&shadow_nodes.node->lru.list);
	shim_init_files();
	shim_init_swap();
	shim_init_device(shim_inodes[0].i_sb);
}

void shim_empty_mm(struct mm_struct *mm)
{
	mm->flags = 0;
	mm->map_count = 0;
	mt_init_flags(&mm->mm_mt, MM_MT_FLAGS);
	mt_set_external_lock(&mm->mm_mt, &mm->mmap_lock);
}

static void make_mm(int number)
{
	struct mm_struct *mm = &shim_mms[number].mm;

	mm->pgd = (pgd_t *)page_to_virt(shim_alloc_frame(__GFP_ZERO));
	atomic_set(&mm->mm_users, 0);
	atomic_set(&mm->mm_count, 1);
	mm->task_size = TASK_SIZE;
#if !SINCE_6_10
	mm->get_unmapped_area = arch_get_unmapped_area;
#endif
	mm->context.ctx_id = 7 + number;
	atomic64_set(&mm->context.tlb_gen, 1);
	init_rwsem(&mm->mmap_lock);
	INIT_LIST_HEAD(&mm->mmlist);
	spin_lock_init(&mm->page_table_lock);
	mm_pgtables_bytes_init(mm);
#if SINCE_6_2
	{
		int i;

		for (i = 0; i < NR_MM_COUNTERS; i++)
			shim_init_percpu_counter(&mm->rss_stat[i]);
	}
#endif
	shim_empty_mm(mm);
}

static void make_thread(int cpu, int number)
{
	struct mm_struct *mm = &shim_mms[number].mm;

	shim_tasks[cpu].mm = shim_tasks[cpu].active_mm = mm;
	atomic_inc(&mm->mm_users);
	cpumask_set_cpu(cpu, mm_cpumask(mm));
	per_cpu(shim_cr3, cpu) = __sme_pa(mm->pgd);
	per_cpu(cpu_tlbstate.loaded_mm, cpu) = mm;
	per_cpu(cpu_tlbstate.ctxs[0].ctx_id, cpu) = mm->context.ctx_id;
	per_cpu(cpu_tlbstate.ctxs[0].tlb_gen, cpu) = 1;
}

int linux_begin(const struct linux_machine *machine)
{
	const unsigned long length = (unsigned long)machine->pages * PAGE_SIZE;
	int i, mm, window, error;

	shim_begin_files(machine->pages, machine->filesystem, machine->folio_order);
	shim_begin_device(machine->device ? machine->pages : 0);
	shim_begin_mappings(machine->seq_read ? VM_SEQ_READ : 0, machine->windows * length);
	for (i = 0; i < machine->mms; i++)
		make_mm(i);
	for (i = 0; i < machine->cpus; i++)
		make_thread(i, i % machine->mms);
	for (mm = 0; mm < machine->mms && machine->mapped; mm++) {
		struct task_struct *task = &shim_tasks[0];

		if (machine->forked & 1U << mm)
			continue;
		task->mm = &shim_mms[mm].mm;
		for (window = 0; window < machine->windows; window++) {
			error = linux_mmap(LINUX_USER_BASE + window * length, length, linux_shared, window % machine->files, 0);
			if (error)
				return error;
		}
		task->mm = &shim_mms[0].mm;
	}
	return 0;
}
