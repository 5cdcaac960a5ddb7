// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Swap space, and what it lies on.
 *
 * Two swap files of the same priority, which the kernel's own swapon() has made ready: it fills them in turn. One is on what is
 * to mm/ as zram is, memory that answers at once (SWP_SYNCHRONOUS_IO, SWP_STABLE_WRITES, SWP_SOLIDSTATE), the other on a disk that
 * rotates.
 * Keeps: a page goes to a disk when it is under writeback and unlocked, and comes from it when it is locked; the disk has done
 * so when the CPU that asked for it takes an interrupt, at a moment that the schedule chooses; memory answers before the call
 * returns.
 * Does not keep: errors, requests of several pages, swapoff. So little swap space that no CPU has slots in store
 * (mm/swap_slots.c). */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/sched/task.h>

#include "shim.h"

#include <linux/swapops.h>

/* These two are the tree's own. */
#include "internal.h"
#include "swap.h"

struct disk {
	struct request_queue queue;
	struct gendisk disk;
	struct block_device device;
	struct super_block superblock; /* of the filesystem on it */
	struct inode inode; /* of the swap file */
	struct dentry dentry;
	struct file file;
};
static struct disk disks[linux_swap_areas];

enum { compressed_memory, rotating_disk };

static int area_of(const struct block_device *device) { return container_of(device, struct disk, device) - disks; }

int shim_slot_of(swp_entry_t entry) { return swp_type(entry) * linux_swap_slots + swp_offset(entry) - 1; }

/* Slot 0 of a file is its header. */
static int slot_at(const struct block_device *device, sector_t sector)
{
	return area_of(device) * linux_swap_slots + (sector >> (PAGE_SHIFT - SECTOR_SHIFT)) - 1;
}

/* --- what answers at once --- */

static void transfer(struct bio *bio)
{
	const int slot = slot_at(bio->bi_bdev, bio->bi_iter.bi_sector);
	const unsigned long pfn = page_to_pfn(bio->bi_io_vec[0].bv_page);

	if (op_is_write(bio_op(bio)))
		host_write_swap(slot, pfn);
	else
		host_read_swap(slot, pfn);
}

#if SINCE_6_2
void bio_init(struct bio *bio, struct block_device *device, struct bio_vec *table, unsigned short pages, blk_opf_t operation)
{
	*bio = (struct bio){ .bi_bdev = device, .bi_opf = operation, .bi_io_vec = table, .bi_max_vecs = pages };
}
int submit_bio_wait(struct bio *bio)
{
	transfer(bio);
	return 0;
}
#else
/* As zram does it, while the page is locked. */
static int transfer_page(struct block_device *device, sector_t sector, struct page *page, enum req_op operation)
{
	if (op_is_write(operation))
		host_write_swap(slot_at(device, sector), page_to_pfn(page));
	else
		host_read_swap(slot_at(device, sector), page_to_pfn(page));
	page_endio(page, op_is_write(operation), 0);
	return 0;
}
int bdev_write_page(struct block_device *device, sector_t sector, struct page *page, struct writeback_control *wbc)
{
	if (!device->bd_disk->fops->rw_page)
		return -EOPNOTSUPP;
	set_page_writeback(page);
	device->bd_disk->fops->rw_page(device, sector, page, REQ_OP_WRITE);
	unlock_page(page);
	return 0;
}
int bdev_read_page(struct block_device *device, sector_t sector, struct page *page)
{
	if (!device->bd_disk->fops->rw_page)
		return -EOPNOTSUPP;
	return device->bd_disk->fops->rw_page(device, sector, page, REQ_OP_READ);
}
void blk_io_schedule(void) { io_schedule(); }
#endif

/* --- the disk, and its interrupts --- */

/* Requests of a CPU that the disk has not answered yet, the oldest first. */
struct requests {
	struct bio *first, *last;
};
static DEFINE_PER_CPU(struct requests, requests);

bool shim_is_swap(const struct bio *bio) { return bio->bi_bdev >= &disks[0].device && bio->bi_bdev < &disks[linux_swap_areas].device; }

void shim_submit_swap(struct bio *bio)
{
	struct requests *own = &per_cpu(requests, host_cpu());

	host_step(own, sizeof(*own), 1, IP);
	bio->bi_next = NULL;
	if (own->first)
		own->last->bi_next = bio;
	else
		own->first = bio;
	own->last = bio;
	host_send_interrupt(host_cpu());
}

int shim_disk_ready(void) { return per_cpu(requests, host_cpu()).first != NULL; }

void shim_disk_interrupt(void)
{
	struct requests *own = &per_cpu(requests, host_cpu());
	struct bio *bio = own->first;

	own->first = bio->bi_next;
	transfer(bio);
	preempt_count_add(HARDIRQ_OFFSET);
	bio->bi_end_io(bio);
	preempt_count_sub(HARDIRQ_OFFSET);
	host_wake();
}

/* --- swapon --- */

/* Slot 0 of the file, as mkswap writes it. Nobody reads another one through the page cache. */
static int read_header(struct file *file, struct folio *folio)
{
	union swap_header *header = folio_address(folio);

	memset(header, 0, PAGE_SIZE);
	memcpy(header->magic.magic, "SWAPSPACE2", 10);
	header->info.version = 1;
	header->info.last_page = linux_swap_slots;
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}
/* Its slots follow each other on the disk. */
static int say_where(struct swap_info_struct *area, struct file *file, sector_t *span)
{
	*span = area->max;
	return add_swap_extent(area, 0, area->max, 0);
}
static const struct address_space_operations swap_file_operations = {
	.read_folio = read_header,
	.swap_activate = say_where,
};

#if SINCE_6_12
static const struct block_device_operations memory_operations, disk_operations;
static void describe(struct request_queue *queue, bool is_memory)
{
	queue->limits.features = is_memory ? BLK_FEAT_SYNCHRONOUS | BLK_FEAT_STABLE_WRITES : BLK_FEAT_ROTATIONAL;
}
#else
static const struct block_device_operations memory_operations = { .rw_page = transfer_page }, disk_operations;
static void describe(struct request_queue *queue, bool is_memory)
{
	queue->queue_flags = is_memory ? BIT(QUEUE_FLAG_NONROT) | BIT(QUEUE_FLAG_STABLE_WRITES) : 0;
}
#endif

static void make_disk(struct disk *disk, bool is_memory)
{
	describe(&disk->queue, is_memory);
	disk->disk.queue = &disk->queue;
	disk->disk.fops = is_memory ? &memory_operations : &disk_operations;
	disk->device.bd_disk = &disk->disk;
	disk->device.bd_queue = &disk->queue;
	disk->superblock.s_bdev = &disk->device;
	disk->superblock.s_bdi = &noop_backing_dev_info;
	shim_init_inode(&disk->inode, &disk->superblock);
	disk->inode.i_data.a_ops = &swap_file_operations;
	disk->inode.i_size = (linux_swap_slots + 1) * PAGE_SIZE;
	disk->dentry.d_parent = &disk->dentry;
	disk->file.f_path.dentry = &disk->dentry;
	disk->file.f_mapping = &disk->inode.i_data;
	disk->file.f_inode = &disk->inode;
}

/* A file is named by its place among them. */
static struct filename names[linux_swap_areas];
struct filename *getname(const char __user *name) { return &names[(__force unsigned long)name]; }
void putname(struct filename *name) {}
struct file *file_open_name(struct filename *name, int flags, umode_t mode) { return &disks[name - names].file; }

long __x64_sys_swapon(const struct pt_regs *arguments);
/* An initcall of mm/swapfile.c. */
int swapfile_init(void);

void shim_init_swap(void)
{
	int area;

	swapfile_init();
	for (area = 0; area < linux_swap_areas; area++) {
		/* A priority that is asked for is one that several may have. */
		const struct pt_regs arguments = { .di = area, .si = SWAP_FLAG_PREFER };

		make_disk(&disks[area], area == compressed_memory);
		if (__x64_sys_swapon(&arguments))
			host_die("swapon fails");
		lru_add_drain();
		invalidate_mapping_pages(&disks[area].inode.i_data, 0, -1);
	}
}

/* --- facts, and the end --- */

/* Of a slot, what mm/swapfile.c counts. */
static unsigned char *count_of(int slot)
{
	return &swp_swap_info(swp_entry(slot / linux_swap_slots, 0))->swap_map[1 + slot % linux_swap_slots];
}

int linux_swap_users(int slot) { return *count_of(slot) & ~SWAP_HAS_CACHE; }

/* Pages that are left in the swap cache although nobody wants them any more, because they were locked or under writeback when
 * the last entry for them went: as kswapd gets rid of them. */
void shim_reclaim_swap_cache(void)
{
	LIST_HEAD(list);
	int slot;

	for (slot = 0; slot < linux_swap_areas * linux_swap_slots; slot++) {
		const swp_entry_t entry = swp_entry(slot / linux_swap_slots, 1 + slot % linux_swap_slots);

		if (*count_of(slot) & SWAP_HAS_CACHE)
			shim_isolate(swap_address_space(entry), swp_offset(entry), &list);
	}
	reclaim_pages(&list);
}
