/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Between the kernel's code and the program around it.
 *
 * Functions of the kernel's side are called linux_*, and are compiled against the headers of a kernel tree; what
 * the program provides is called host_*. Nothing else of either side is known to the other, so that one program
 * fits every tree. Plain types only: both C and C++ read this. */
#ifndef SHOOTDOWN_LINUX_INTERFACE_H
#define SHOOTDOWN_LINUX_INTERFACE_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
	linux_max_cpus = 8,
	linux_max_mms = 4,
	linux_max_files = 2,
	linux_max_file_pages = 64,
	linux_frames = 512,
	linux_swap_areas = 2,
	linux_swap_slots = 4, /* of each */
	linux_page_size = 4096,
};

/* Where the kernel's memory is: page frames, then objects that it allocates; and struct page of each frame. */
#define LINUX_FRAMES_BASE 0x100000000000UL
#define LINUX_OBJECTS_BASE (LINUX_FRAMES_BASE + (unsigned long)linux_frames * linux_page_size)
#define LINUX_OBJECTS_SIZE (1UL << 20)
#define LINUX_PAGES_BASE 0x110000000000UL
#define LINUX_PAGES_SIZE ((linux_frames + 64UL) * 64)
/* Where each mm's windows are. */
#define LINUX_USER_BASE 0x400000000UL

/* --- the program's side: six arguments at most, no floating point --- */

/* The CPU that runs. */
int host_cpu(void);
/* A step point: what is about to be done, as code at `ip`, is done when this returns. */
void host_step(const volatile void *address, unsigned long size, int writes, const void *ip);
/* What is reported from now on until the next step is done by code at `ip`; null: by nobody's that has a name. */
void host_code(const void *ip);
/* A step that can be made only while enabled(argument). Whoever may have made it so calls host_wake(). */
void host_step_when(const void *object, int (*enabled)(const void *), const void *argument, const void *ip);
/* What is done in between is done for `cpu`, and in one step with what comes then. It may take locks that are free. */
void host_begin_one_step(int cpu);
void host_end_one_step(void);
/* No step: returns when enabled(argument). */
void host_wait_until(const void *object, int (*enabled)(const void *), const void *argument);
void host_wake(void);
/* No step: returns after a while, when no CPU can go on but those that sleep, too. */
void host_sleep(void);
/* Has `cpu` call linux_interrupt(). */
void host_send_interrupt(int cpu);
/* The CPU that runs drops what its TLB holds of a page, or of all. */
void host_flush_tlb_page(unsigned long address);
void host_flush_tlb(void);
/* Whether the allocation at hand fails; only of those that must not sleep. */
int host_allocation_fails(void);
/* A gather asked for a page to queue others in, and got one or not. */
void host_batch_allocated(int succeeded);
/* A frame has been allocated, or a row of them for a folio; one is about to be freed, or the folio that begins there. */
void host_frame_allocated(unsigned long pfn, unsigned int count);
void host_frame_freed(unsigned long pfn);
/* An object of at least so many bytes has been freed: who uses it sees that as it would see a write. */
void host_object_freed(const void *object, unsigned long size);
/* Code at `ip` frees what is free: a frame; -1: an object. */
void host_freed_twice(unsigned long pfn, const void *ip);
/* A lock has been taken, or is about to be dropped. Its owner is an mm or a file; of other locks nobody is told but who
 * watches the code. */
/* NOLINTNEXTLINE(readability-identifier-naming): as the kernel names an enum */
enum linux_lock {
	linux_other_lock,
	linux_page_table_lock,
	linux_i_pages_lock,
	linux_i_mmap_lock,
	linux_inode_lock,
	linux_invalidate_lock,
	linux_mmap_lock,
};
void host_lock_taken(const void *lock, enum linux_lock kind, int owner, int shared, int tries);
void host_lock_dropped(const void *lock, enum linux_lock kind, int owner);
/* The CPU that runs does what it may have to sleep for although it must not. */
void host_sleep_in_atomic(void);
/* It asks other CPUs, a bit for each, to call functions of theirs; and it calls such a function for another. */
void host_interrupt_sent(unsigned long cpus);
void host_interrupt_taken(int sender);
/* The CPU that runs begins to gather pages of an mm; all that it has gathered has been flushed and freed. */
void host_gather_begins(int mm);
void host_gather_ends(int mm);
/* A range is being unmapped from now on; it has been. The same of write protection. */
void host_unmap_begins(int mm, unsigned long start, unsigned long end);
void host_unmap_ends(int mm, unsigned long start, unsigned long end);
void host_protect_begins(int mm, unsigned long start, unsigned long end);
void host_protect_ends(int mm, unsigned long start, unsigned long end);
/* NOLINTNEXTLINE(readability-identifier-naming): as the kernel names an enum */
enum linux_mapping {
	linux_shared,
	linux_private, /* of a file */
	linux_anonymous,
	linux_device, /* of a device's memory */
};
/* It shows a file from now on, or what is the mm's own; and may be written to or not. */
/* NOLINTNEXTLINE(readability-identifier-naming): as the kernel names a struct */
struct linux_shown {
	enum linux_mapping mapping;
	int file;
	unsigned long index;
	int read_only;
	unsigned long from; /* where that was until now; 0: nowhere */
};
void host_mapped(int mm, unsigned long start, unsigned long end, const struct linux_shown *shown);
/* A fork copies an mm from now on, mapping by mapping; it is done, and the child is there. */
void host_fork_begins(int mm, int child);
void host_fork_ends(int mm, int child);
/* The contents of a frame are copied to another. */
void host_copy_page(unsigned long from, unsigned long to);
/* The same, by who puts the one frame into the place of the other. */
void host_move_page(unsigned long from, unsigned long to);
/* A driver has a frame of its device's memory back. */
void host_device_frame_freed(unsigned long pfn);
/* It begins to zap a range, and has done so. */
void host_zap_begins(int mm, unsigned long start, unsigned long end);
void host_zap_ends(int mm, unsigned long start, unsigned long end);
/* A page waits for the flush, or pages of a folio in a row: what their entry in the batch is, and how full that is. */
void host_page_queued(unsigned long pfn, unsigned int count, unsigned long pointer, unsigned int queued, unsigned int room,
		      unsigned int batches);
/* A slot of the page cache was looked up (pfn -1: it is empty). */
void host_page_looked_up(int file, unsigned long index, long pfn);
/* The CPU that runs is about to store an entry in a slot, as code at `ip`; it has. In between it also changes what leads there: a page
 * is added or dropped by the one access that puts the entry into its place. */
void host_slot_store_begins(int file, unsigned long index, unsigned long entry, const void *ip);
void host_slot_store_ends(void);
/* A mark of a slot was set; the tag is CacheTag of engine/events/event.h. */
void host_page_tagged(int file, unsigned long index, int tag);
/* Pages of a file are thrown away from now on; they have been, and their blocks are free: the disk has zeros there. */
void host_discard_begins(int file, unsigned long first, unsigned long count);
void host_discard_ends(int file, unsigned long first, unsigned long count);
/* Words of a page are moved to a program by read(), and from a program by write(). */
void host_read_words(unsigned long pfn);
void host_write_words(unsigned long pfn);
/* A device writes a word to a frame that is pinned for it. */
void host_dma_word(unsigned long pfn);
/* The CPU that runs begins to sync pages of a file, and has done so. */
void host_fsync_begins(int file, unsigned long first, unsigned long count);
void host_fsync_returns(int file, unsigned long first, unsigned long count);
/* The disk. */
void host_read_page(int file, unsigned long index, unsigned long pfn);
void host_write_page(int file, unsigned long index, unsigned long pfn);
/* Swap space: slots of all areas, the second behind the first. */
void host_write_swap(int slot, unsigned long pfn);
void host_read_swap(int slot, unsigned long pfn);
/* The kernel prints an error: a text that is there for ever. */
void host_error_printed(const char *format);
/* The shim cannot go on. */
__attribute__((noreturn)) void host_die(const char *what);

/* --- the kernel's side --- */

/* As LINUX_VERSION_CODE has it: a byte for each of the last two numbers, the rest for the first. */
unsigned long linux_version(void);
/* Once, with all memory in place and zero: the kernel's data as at boot. `percpu_offsets` has one for each CPU. */
void linux_boot(const unsigned long *percpu_offsets);
/* Whether the page cache can be told how large its folios are. */
int linux_has_folio_order(void);
/* How much of the room for objects is in use, in bytes. */
unsigned long linux_objects_used(void);
/* Frames that are in use, or have been in this run, are below the one and from the other on. */
unsigned long linux_low_frames(void);
unsigned long linux_high_frames(void);
/* What files are on; left clean: the same as with buffers, but for page_mkwrite. */
enum { linux_disk, linux_disk_with_buffers, linux_disk_left_clean, linux_tmpfs };
/* NOLINTNEXTLINE(readability-identifier-naming): as the kernel names a struct */
struct linux_machine {
	int cpus, mms, files, windows;
	int pages; /* of each file and window */
	int mapped; /* whether windows are mapped when the run begins */
	int filesystem;
	int seq_read; /* whether all memory is said to be read sequentially */
	int folio_order; /* of the page cache's folios, which fill the files */
	int device; /* whether there is a device with memory of its own, as long as a file */
	unsigned forked; /* mms that are yet to be forked, a bit each: into them nothing is mapped */
};
/* For a run. Returns 0, or what failed. */
int linux_begin(const struct linux_machine *machine);

/* Whether a CPU takes interrupts. */
int linux_irqs_enabled(int cpu);
/* Grace periods that wait for CPUs to leave their read sides; and what a CPU does then between its accesses. */
extern int linux_grace_periods;
void linux_quiescent(int cpu);
/* The register of the CPU that runs. */
unsigned long linux_read_cr3(void);
void linux_write_cr3(unsigned long value);
/* Handles one interrupt of the CPU that runs, if there is one; whether there is. */
void linux_interrupt(void);
int linux_interrupt_pends(void);

/* --- system calls and faults, on the CPU that runs; 0 or a negative error --- */
/* -EFAULT: nothing is mapped there; -EACCES: what is must not be written to. */
int linux_fault(unsigned long address, int store);
/* If anonymous: of no file. */
int linux_mmap(unsigned long address, unsigned long length, enum linux_mapping mapping, int file, unsigned long index);
int linux_munmap(unsigned long address, unsigned long length);
int linux_mprotect(unsigned long address, unsigned long length, int writable);
/* Returns the new address, or an error. */
long linux_mremap(unsigned long address, unsigned long length, unsigned long to);
int linux_msync(unsigned long address, unsigned long length);
int linux_madvise(unsigned long address, unsigned long length, int advice);
int linux_fsync(int file, unsigned long first, unsigned long count);
int linux_writeback(int file, unsigned long first, unsigned long count);
int linux_fadvise_dontneed(int file, unsigned long first, unsigned long count);
int linux_invalidate(int file, unsigned long first, unsigned long count);
/* Reclaims pages that nobody maps, as shrink_folio_list does. */
void linux_reclaim(int file, unsigned long first, unsigned long count);
/* Reclaims what the entries of a range lead to. */
void linux_kswapd(unsigned long address, unsigned long length);
/* Moves what they lead to to other frames. */
void linux_migrate(unsigned long address, unsigned long length);
/* Of one page. */
int linux_read(int file, unsigned long index);
int linux_write(int file, unsigned long index);
/* Pins a page for a device that writes to it, and unpins it. -EFAULT: nothing is mapped there that may be written to. */
int linux_dma(unsigned long address);
/* Has a device take a page for itself, write to it, and let go of it. -EFAULT: as before. */
int linux_exclusive(unsigned long address);
/* Moves what is in a device's memory to other frames. */
void linux_move_device(unsigned long first, unsigned long count);
/* Whether a program can have places poisoned; does it. */
int linux_has_poison(void);
void linux_poison(unsigned long address, unsigned long length);
void linux_idle(void);
/* Makes a page the last one of a file. */
void linux_truncate(int file, unsigned long last);
/* Punches a hole. */
void linux_punch(int file, unsigned long first, unsigned long count);
void linux_exit(void);
/* Makes an mm, that is empty, a copy of the thread's own. */
void linux_fork(int child);
/* Drops what is clean of a file from the page cache. */
void linux_drop_cache(int file);
/* When all threads have ended: what is kept until nobody uses an mm any more, and pages that CPUs hold for later. */
void linux_end(void);

/* --- facts --- */

/* NOLINTBEGIN(readability-identifier-naming): as the kernel names a struct */
/* What an address of the kernel's memory is. */
enum linux_kind {
	linux_other,
	linux_entry, /* a page-table entry of an mm, for a page of its windows */
	linux_table, /* an entry of a higher table, on the way there */
	linux_page, /* the struct page of a frame */
	linux_generation, /* of an mm's TLB flushes */
	linux_size, /* of a file */
	linux_freed, /* an object that has been freed; or what is in a frame that is free */
};
struct linux_place {
	enum linux_kind kind;
	int mm;
	int file;
	int page; /* virtual */
	unsigned long pfn; /* -1: of an object */
};
struct linux_frame {
	unsigned long flags; /* PageFlag of engine/events/facts.h; as all that is counted, the folio's */
	int refcount;
	int mapcount;
	unsigned long folio; /* where it begins */
	unsigned int pages; /* of the folio */
	int file; /* -1: it is in no page cache */
	unsigned long index; /* of the frame */
	int in_use; /* 0: it is free */
	int is_table; /* it holds a page table */
	int is_anonymous;
	int is_uncounted; /* entries for it are not counted: the one of zeros, which all read of who have not written; a device's */
};
/* A page-table entry that is not present. */
struct linux_absent {
	int slot; /* of swap space; -1: none */
	long pfn; /* of a migration entry; -1: it is none */
	long exclusive; /* the frame that a device has to itself; -1: it is no such entry */
	int is_poisoned; /* nobody may use the place */
};
/* What an address is to people: something that has a name, or one of several of its kind; and where in it. */
struct linux_object {
	const char *name; /* null: not known */
	int number; /* -1: there is one only */
	const char *owner; /* "mm", "file", "cpu"; null: nobody's */
	int owner_number;
	const char *member; /* null: not known, and `offset` is all there is */
	unsigned long offset;
};
/* A symbol of the kernel's, by where it begins in its part of linux.o. */
struct linux_symbol {
	unsigned long offset;
	const char *name;
};
/* NOLINTEND(readability-identifier-naming) */
void linux_locate(const volatile void *address, struct linux_place *place);
/* Of what is in neither per-CPU data nor data that has a symbol; for them the program has tables. */
void linux_describe(const volatile void *address, struct linux_object *object);
void linux_frame_facts(unsigned long pfn, struct linux_frame *facts);

/* The entry of an mm for an address, where it lies; null: there is no page table for it. */
unsigned long *linux_entry_of(int mm, unsigned long address);
/* Who holds the lock of the page table that all windows of an mm are in; -1: nobody. */
int linux_table_lock_owner(int mm);
/* The frame in a slot of a file's page cache; -1: none. */
long linux_cached_frame(int file, unsigned long index);
/* The marks of that slot, CacheTag of engine/events/event.h. */
unsigned linux_cache_tags(int file, unsigned long index);
unsigned long linux_tlb_generation(int mm);
/* How many pages a file has. */
unsigned long linux_file_pages(int file);
/* Whether the page tables of a CPU are those of an mm (cr3). */
int linux_has_loaded(int cpu, int mm);
int linux_is_lazy(int cpu);
/* Whether the mm whose page tables a CPU has loaded has been flushed without it; or it has none loaded. */
int linux_has_missed_flushes(int cpu);
/* `kind` is MM_FILEPAGES and so on. */
long linux_rss(int mm, int kind);
/* How many entries lead to a slot of swap space, by the kernel's own count. */
int linux_swap_users(int slot);
/* What an entry leads to that is not present. */
void linux_decode_entry(unsigned long entry, struct linux_absent *absent);
/* Gathers under way, and what reclaim has put off, of whichever mm. */
int linux_flushes_pending(int mm);

#ifdef __cplusplus
}
#endif

#endif
