// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Simplified stand-ins: the page allocator, slab, per-CPU memory.
 *
 * Keeps: a frame is handed out with one reference and zeroed if so asked, the one freed last comes first; a folio gets frames in a
 * row, if there are such; what is free is known, and who uses it or frees it again is told; a page that is freed is checked as the kernel does. An allocation that must
 * not sleep fails when it is told to; who may sleep waits until there is memory, and always gets some.
 * Does not keep: zones, watermarks; there is no swap space; slab objects are never used again within a run, so that a use after free finds what was
 * there. A page that is found bad is freed all the same. */
#include "shim.h"

/* mm/internal.h is the tree's own. */
#include "internal.h"

/* --- frames --- */

extern unsigned long zero_pfn;

static unsigned char frame_used[linux_frames];
static unsigned short free_list[linux_frames];
static int free_count;

/* Rows are handed out from the last frame down, but for the one that is full of zeros. */
static unsigned long low_frames, high_frames = linux_frames - 1;
unsigned long linux_low_frames(void) { return low_frames; }
unsigned long linux_high_frames(void) { return high_frames; }

void shim_init_memory(void)
{
	int pfn;

	for (pfn = linux_frames - 2; pfn > 0; pfn--)
		free_list[free_count++] = pfn;
	frame_used[0] = 1;
	/* The one that is full of zeros, and nobody's. */
	zero_pfn = linux_frames - 1;
	frame_used[zero_pfn] = 1;
	for (pfn = 0; pfn < linux_frames; pfn++) {
		atomic_set(&frame_page(pfn)->_mapcount, -1);
		INIT_LIST_HEAD(&frame_page(pfn)->lru);
	}
}

int shim_frame_used(unsigned long pfn) { return frame_used[pfn]; }

static bool fails(gfp_t gfp) { return !gfpflags_allow_blocking(gfp) && host_allocation_fails(); }

/* As many in a row as a folio has, at a multiple of that. 0: there are none. */
static int take_row(int count)
{
	int first = linux_frames - count, i, kept = 0;

	if (count == 1)
		return free_count ? free_list[--free_count] : 0;
	for (; first > 0; first -= count) {
		for (i = 0; i < count && !frame_used[first + i]; i++)
			;
		if (i == count)
			break;
	}
	for (i = 0; i < free_count && first > 0; i++) {
		if (free_list[i] < first || free_list[i] >= first + count)
			free_list[kept++] = free_list[i];
	}
	if (first > 0)
		free_count = kept;
	return first;
}

static void note_use(unsigned long first, unsigned int order)
{
	if (first < low_frames || first >= high_frames)
		return;
	if (order == 0)
		low_frames = first + 1;
	else
		high_frames = first;
}

static void prepare(int pfn, gfp_t gfp)
{
	struct page *page = frame_page(pfn);

	frame_used[pfn] = 1;
	memset(page, 0, sizeof(*page));
	atomic_set(&page->_mapcount, -1);
	INIT_LIST_HEAD(&page->lru);
	memset(frame_address(pfn), gfp & __GFP_ZERO ? 0 : 0xaa, gfp & __GFP_ZERO ? PAGE_SIZE : 64);
}

struct page *shim_alloc_frames(gfp_t gfp, unsigned int order)
{
	int pfn, i;

	host_step(free_list, sizeof(free_list), 1, IP);
	if (fails(gfp))
		return NULL;
	pfn = take_row(1 << order);
	if (!pfn)
		return NULL;
	note_use(pfn, order);
	for (i = 0; i < 1 << order; i++)
		prepare(pfn + i, gfp);
	set_page_count(frame_page(pfn), 1);
	host_frame_allocated(pfn, 1 << order);
	return frame_page(pfn);
}

/* As prep_compound_page makes a folio of pages. */
#if SINCE_6_12
static void make_compound(struct page *page, unsigned int order)
{
	int i;

	__SetPageHead(page);
	for (i = 1; i < 1 << order; i++)
		prep_compound_tail(page, i);
	prep_compound_head(page, order);
	page_rmappable_folio(page);
}
#else
static void make_compound(struct page *page, unsigned int order) { host_die("nobody asks for large folios in this version"); }
#endif

struct folio *shim_alloc_folio(gfp_t gfp, unsigned int order)
{
	struct page *page = shim_alloc_frames(gfp, order);

	if (page && order > 0)
		make_compound(page, order);
	return (struct folio *)page;
}

/* As free_pages_prepare checks it. What marks an anonymous page is taken away there. */
static void check_freed(const struct page *page)
{
	bool is_mapped = page->mapping && !((unsigned long)page->mapping & PAGE_MAPPING_FLAGS);

	if (atomic_read(&page->_mapcount) != -1 || page_ref_count(page) || is_mapped || page->flags & PAGE_FLAGS_CHECK_AT_FREE)
		host_error_printed("BUG: Bad page state");
}

/* As free_tail_page_prepare checks it. */
static void check_tails(struct page *page, unsigned int order)
{
	struct folio *folio = (struct folio *)page;
	int i;

	if (folio_mapcount(folio))
		host_error_printed("BUG: Bad page state");
	for (i = 1; i < 1 << order; i++) {
		if (compound_head(page + i) != page || atomic_read(&page[i]._mapcount) != -1)
			host_error_printed("BUG: Bad page state");
	}
}

void shim_free_frames(struct page *page, unsigned int order, const void *ip)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + (1UL << order);

	host_step(free_list, sizeof(free_list), 1, ip);
	if (!frame_used[pfn]) {
		host_freed_twice(pfn, ip);
		return;
	}
	if (order > 0)
		check_tails(page, order);
	check_freed(page);
	host_frame_freed(pfn);
	for (; pfn < end; pfn++) {
		frame_used[pfn] = 0;
		frame_page(pfn)->mapping = NULL;
		memset(frame_address(pfn), 0xfe, 64);
		free_list[free_count++] = pfn;
	}
}

/* Of those who must not sleep, only gathers ask for a page in this way: for a batch. */
static unsigned long hand_out(struct page *page, gfp_t gfp)
{
	if (!gfpflags_allow_blocking(gfp))
		host_batch_allocated(page != NULL);
	return page ? (unsigned long)page_to_virt(page) : 0;
}

#if SINCE_6_2
struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int nid, nodemask_t *mask)
{
	return shim_alloc_frames(gfp, order);
}
struct folio *__folio_alloc_noprof(gfp_t gfp, unsigned int order, int nid, nodemask_t *mask)
{
	return shim_alloc_folio(gfp, order);
}
unsigned long get_free_pages_noprof(gfp_t gfp, unsigned int order) { return hand_out(shim_alloc_frame(gfp), gfp); }
void free_unref_folios(struct folio_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr; i++)
		shim_free_frames(&batch->folios[i]->page, folio_order(batch->folios[i]), IP);
	folio_batch_reinit(batch);
}
#else
struct page *__alloc_pages(gfp_t gfp, unsigned int order, int nid, nodemask_t *mask) { return shim_alloc_frames(gfp, order); }
struct folio *__folio_alloc(gfp_t gfp, unsigned int order, int nid, nodemask_t *mask)
{
	return shim_alloc_folio(gfp, order);
}
unsigned long __get_free_pages(gfp_t gfp, unsigned int order) { return hand_out(shim_alloc_frame(gfp), gfp); }
unsigned long get_zeroed_page(gfp_t gfp) { return hand_out(shim_alloc_frame(gfp | __GFP_ZERO), gfp); }
void free_unref_page_list(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru)
		shim_free_frames(page, 0, IP);
	INIT_LIST_HEAD(list);
}
#endif
void free_unref_page(struct page *page, unsigned int order) { shim_free_frames(page, order, IP); }
void __free_pages(struct page *page, unsigned int order)
{
	if (put_page_testzero(page))
		shim_free_frames(page, order, IP);
}
void free_pages(unsigned long address, unsigned int order)
{
	struct page *page = address ? virt_to_page((void *)address) : NULL;

	if (page && put_page_testzero(page))
		shim_free_frames(page, order, IP);
}

DEFINE_PER_CPU(bool, shim_migrating);
void copy_page(void *to, void *from)
{
	const unsigned long source = page_to_pfn(virt_to_page(from)), target = page_to_pfn(virt_to_page(to));

	if (per_cpu(shim_migrating, host_cpu()))
		host_move_page(source, target);
	else
		host_copy_page(source, target);
}
/* No memory is broken: nothing is left to be copied. */
unsigned long copy_mc_to_kernel(void *to, const void *from, unsigned int size)
{
	copy_page(to, (void *)from);
	return 0;
}

/* --- objects --- */

enum { object_alignment = 256 };

static unsigned long objects_used;

static unsigned long object_count;

/* For people: where objects begin in the room for them, in order, and their types. No run depends on it, and so it is no part
 * of what a run begins with. */
static struct object_name {
	unsigned long begin;
	const char *type;
} object_names[LINUX_OBJECTS_SIZE / object_alignment] __section(".linux_names");

void shim_name_object(const char *type) { object_names[object_count - 1].type = type; }

const char *shim_object_type(unsigned long address, unsigned long *offset)
{
	unsigned long i = object_count;

	while (i > 0) {
		*offset = address - LINUX_OBJECTS_BASE - object_names[--i].begin;
		if (object_names[i].begin <= address - LINUX_OBJECTS_BASE)
			return object_names[i].type;
	}
	return NULL;
}

void *shim_alloc_object(unsigned long size)
{
	void *object = (void *)(LINUX_OBJECTS_BASE + objects_used);

	if (objects_used + size > LINUX_OBJECTS_SIZE)
		host_die("there is no room for a further object");
	object_names[object_count++] = (struct object_name){ objects_used, NULL };
	objects_used += ALIGN(size, object_alignment);
	memset(object, 0, size);
	return object;
}

unsigned long linux_objects_used(void) { return objects_used; }

static unsigned char object_freed[LINUX_OBJECTS_SIZE / object_alignment];

static unsigned char *freed_mark(unsigned long address)
{
	return &object_freed[(address - LINUX_OBJECTS_BASE) / object_alignment];
}

int shim_object_freed(unsigned long address) { return *freed_mark(address); }

void shim_free_object(const void *object, const void *ip)
{
	unsigned char *mark = freed_mark((unsigned long)object);

	if (*mark)
		host_freed_twice(-1, ip);
	*mark = 1;
	host_object_freed(object, object_alignment);
}

struct kmem_cache {
	const char *name;
	unsigned int size;
	slab_flags_t flags;
	void (*constructor)(void *);
};
/* One that stays an object of its kind until a grace period has ended may be touched: it is not told who does so later. */
static void to_cache(const struct kmem_cache *cache, const void *object, const void *ip)
{
	if (!(cache->flags & SLAB_TYPESAFE_BY_RCU))
		shim_free_object(object, ip);
}
static void *from_cache(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (fails(gfp))
		return NULL;
	object = shim_alloc_object(cache->size);
	shim_name_object(cache->name);
	if (cache->constructor)
		cache->constructor(object);
	return object;
}
static struct kmem_cache *new_cache(const char *name, unsigned int size, slab_flags_t flags, void (*constructor)(void *))
{
	struct kmem_cache *cache = shim_alloc_object(sizeof(*cache));

	cache->name = name;
	cache->size = size;
	cache->flags = flags;
	cache->constructor = constructor;
	return cache;
}
/* All of them or none. */
static int fill_from_cache(struct kmem_cache *cache, gfp_t gfp, size_t count, void **objects)
{
	size_t i;

	if (fails(gfp))
		return 0;
	for (i = 0; i < count; i++)
		objects[i] = from_cache(cache, GFP_KERNEL);
	return count;
}
#if SINCE_6_2
struct kmem_cache *__kmem_cache_create_args(const char *name, unsigned int size, struct kmem_cache_args *args,
					    slab_flags_t flags)
{
	return new_cache(name, size, flags, args->ctor);
}
void *kmem_cache_alloc_noprof(struct kmem_cache *cache, gfp_t gfp) { return from_cache(cache, gfp); }
void *kmem_cache_alloc_lru_noprof(struct kmem_cache *cache, struct list_lru *lru, gfp_t gfp) { return from_cache(cache, gfp); }
int kmem_cache_alloc_bulk_noprof(struct kmem_cache *cache, gfp_t gfp, size_t count, void **objects)
{
	return fill_from_cache(cache, gfp, count, objects);
}
#else
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
				     void (*constructor)(void *))
{
	return new_cache(name, size, flags, constructor);
}
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp) { return from_cache(cache, gfp); }
void *kmem_cache_alloc_lru(struct kmem_cache *cache, struct list_lru *lru, gfp_t gfp) { return from_cache(cache, gfp); }
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t count, void **objects)
{
	return fill_from_cache(cache, gfp, count, objects);
}
#endif
void kmem_cache_free(struct kmem_cache *cache, void *object) { to_cache(cache, object, IP); }
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t count, void **objects)
{
	size_t i;

	for (i = 0; i < count; i++)
		to_cache(cache, objects[i], IP);
}

/* Where there is a size, no cache is needed. */
struct kmem_cache *kmalloc_caches[NR_KMALLOC_TYPES][KMALLOC_SHIFT_HIGH + 1];
static void *from_nowhere(size_t size, gfp_t gfp)
{
	void *object;

	if (fails(gfp))
		return NULL;
	object = shim_alloc_object(size);
	shim_name_object("kmalloc");
	return object;
}
#if SINCE_6_2
void *__kmalloc_cache_noprof(struct kmem_cache *cache, gfp_t gfp, size_t size) { return from_nowhere(size, gfp); }
void *__kmalloc_noprof(size_t size, gfp_t gfp) { return from_nowhere(size, gfp); }
void *__kmalloc_node_noprof(DECL_BUCKET_PARAMS(size, buckets), gfp_t gfp, int node) { return from_nowhere(size, gfp); }
void *vzalloc_noprof(unsigned long size) { return from_nowhere(size, GFP_KERNEL); }
#else
void *kmalloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size) { return from_nowhere(size, gfp); }
void *__kmalloc(size_t size, gfp_t gfp) { return from_nowhere(size, gfp); }
void *__kmalloc_node(size_t size, gfp_t gfp, int node) { return from_nowhere(size, gfp); }
void *vzalloc(unsigned long size) { return from_nowhere(size, GFP_KERNEL); }
#endif
void kfree(const void *object)
{
	if (object)
		shim_free_object(object, IP);
}
bool ptlock_alloc_impl(spinlock_t **lock)
{
	*lock = shim_alloc_object(sizeof(**lock));
	shim_name_object("page->ptl");
	spin_lock_init(*lock);
	return true;
}

/* --- per-CPU memory, which nobody gives back --- */

struct percpu_pool {
	char bytes[8192];
};
static DEFINE_PER_CPU_ALIGNED(struct percpu_pool, percpu_pool);
static size_t percpu_used;

void __percpu *shim_alloc_percpu(size_t size)
{
	void __percpu *result = (char __percpu *)&percpu_pool + percpu_used;

	percpu_used += ALIGN(size, 16);
	if (percpu_used > sizeof(struct percpu_pool))
		host_die("there is no room for further per-CPU data");
	return result;
}
#if SINCE_6_2
void __percpu *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp) { return shim_alloc_percpu(size); }
#else
void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp) { return shim_alloc_percpu(size); }
void __percpu *__alloc_percpu(size_t size, size_t align) { return shim_alloc_percpu(size); }
#endif
void free_percpu(void __percpu *data) {}
void shim_init_percpu_counter(struct percpu_counter *counter)
{
	memset(counter, 0, sizeof(*counter));
	counter->counters = shim_alloc_percpu(sizeof(s32));
}

/* --- room for mappings: for mremap, which has been told where --- */

#if SINCE_6_10
unsigned long arch_get_unmapped_area(struct file *file, unsigned long address, unsigned long length, unsigned long index,
				     unsigned long flags, vm_flags_t vm_flags)
{
	return address;
}
#else
unsigned long arch_get_unmapped_area(struct file *file, unsigned long address, unsigned long length, unsigned long index,
				     unsigned long flags)
{
	return address;
}
#endif

/* --- large folios --- */

#if SINCE_6_12
/* All have the least order that their files permit, and the kernel's own says the same of them; but it warns, too, if it has
 * CONFIG_DEBUG_VM. */
int __wrap_split_folio_to_list(struct folio *folio, struct list_head *list) { return -EINVAL; }
#endif

/* --- pages that CPUs hold for later --- */

/* Other CPUs drain their batches by work that this one waits for. It is done in one step, as soon as nothing keeps that CPU from
 * it: its thread may be preempted, and nobody has the lock of the LRU lists. */
static int can_drain(const void *cpu)
{
	return !shim_is_inside((unsigned long)cpu) && !spin_is_locked(&NODE_DATA(0)->__lruvec.lru_lock);
}

void __wrap_lru_add_drain_all(void)
{
	unsigned long cpu;

	lru_add_drain();
	for (cpu = 0; cpu < linux_max_cpus; cpu++) {
		if (cpu == host_cpu())
			continue;
		host_wait_until(&NODE_DATA(0)->__lruvec, can_drain, (void *)cpu);
		host_begin_one_step(cpu);
		lru_add_drain_cpu(cpu);
		host_end_one_step();
	}
}
