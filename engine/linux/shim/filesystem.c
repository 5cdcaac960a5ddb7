// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* A filesystem on a disk of the program's, and the copies between its pages and user programs.
 *
 * With buffers it is what ext2 is to mm/, or what ext4 without delayed allocation is to faults: blocks as large as pages, or as
 * the folios that a run wants (as XFS has them that are larger than pages, mapping_set_folio_order_range), through the kernel's
 * own fs/buffer.c. Without, it is one that leaves dirty pages to filemap_dirty_folio. Both announce writes through mappings (page_mkwrite). And a tmpfs, as what
 * mm/shmem.c is to the rest of mm/ when it gets no swap space: its disk is full of zeros, and never written.
 * Keeps: a page is locked while it is read; it is under writeback, and unlocked, while it is written; a file's size and holes
 * change under its i_rwsem and invalidate_lock, and only then are blocks freed.
 * Does not keep: journals, inodes' own blocks, errors, requests of several folios, sizes that are no multiple of the page's; a
 * hole is a block of zeros; a write is finished by the CPU that asked for it, when it has unlocked the page, a read at once. */
#include <linux/bio.h>
#include <linux/buffer_head.h>
#include <linux/migrate.h>
#include <linux/uio.h>

#include "shim.h"

struct inode shim_inodes[linux_max_files];
struct file shim_files[linux_max_files];
static struct backing_dev_info disk;
static struct block_device block_device = { .bd_nr_sectors = 1UL << 30 };
static struct super_block superblock = {
	.s_blocksize = PAGE_SIZE,
	.s_blocksize_bits = PAGE_SHIFT,
	.s_maxbytes = MAX_LFS_FILESIZE,
};
static struct super_block tmpfs_superblock = {
	.s_blocksize = PAGE_SIZE,
	.s_blocksize_bits = PAGE_SHIFT,
	.s_maxbytes = MAX_LFS_FILESIZE,
	.s_bdi = &noop_backing_dev_info,
};
struct super_block *blockdev_superblock;

int shim_file_of(const struct address_space *mapping)
{
	int i;

	for (i = 0; i < linux_max_files; i++) {
		if (mapping == &shim_inodes[i].i_data)
			return i;
	}
	return -1;
}

/* --- the disk --- */

/* Page `n` of a file is so many pages from the disk's first. */
static sector_t block_of(const struct inode *inode, unsigned long index)
{
	return (inode - shim_inodes) * linux_max_file_pages + index;
}

/* From and to where the folio was when it was asked for, whatever it has become since. */
static void read_pages(struct folio *folio, sector_t block)
{
	long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		host_read_page(block / linux_max_file_pages, block % linux_max_file_pages + i, folio_pfn(folio) + i);
}
static void write_folio_to(struct folio *folio, sector_t block)
{
	long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		host_write_page(block / linux_max_file_pages, block % linux_max_file_pages + i, folio_pfn(folio) + i);
}

/* --- writes that wait for their page to be unlocked --- */

static DEFINE_PER_CPU(struct bio *, unfinished);

static struct folio *folio_of(const struct bio *bio) { return page_folio(bio->bi_io_vec[0].bv_page); }
static sector_t block_of_request(const struct bio *bio) { return bio->bi_iter.bi_sector >> (PAGE_SHIFT - SECTOR_SHIFT); }

void __real_folio_unlock(struct folio *folio);
void __wrap_folio_unlock(struct folio *folio)
{
	struct bio *bio = per_cpu(unfinished, host_cpu());

	__real_folio_unlock(folio);
	if (!bio || folio_of(bio) != folio)
		return;
	per_cpu(unfinished, host_cpu()) = NULL;
	write_folio_to(folio, block_of_request(bio));
	bio->bi_end_io(bio);
}

/* --- requests of one folio --- */

struct bio *bio_alloc_bioset(struct block_device *device, unsigned short pages, blk_opf_t operation, gfp_t gfp,
			     struct bio_set *set)
{
	struct bio *bio = shim_alloc_object(sizeof(*bio) + sizeof(*bio->bi_io_vec));

	bio->bi_bdev = device;
	bio->bi_opf = operation;
	bio->bi_io_vec = (struct bio_vec *)(bio + 1);
	return bio;
}
int bio_add_page(struct bio *bio, struct page *page, unsigned int size, unsigned int offset)
{
	bio->bi_io_vec[0] = (struct bio_vec){ .bv_page = page, .bv_len = size, .bv_offset = offset };
	bio->bi_vcnt = 1;
	bio->bi_iter.bi_size = size;
	return size;
}
void bio_add_folio_nofail(struct bio *bio, struct folio *folio, size_t size, size_t offset)
{
	bio_add_page(bio, &folio->page, size, offset);
}
void bio_put(struct bio *bio) {}
void submit_bio(struct bio *bio)
{
	if (shim_is_swap(bio))
		return shim_submit_swap(bio);
	if (op_is_write(bio_op(bio))) {
		per_cpu(unfinished, host_cpu()) = bio;
		return;
	}
	read_pages(folio_of(bio), block_of_request(bio));
	bio->bi_end_io(bio);
}

/* What a filesystem is given of the page cache. */
#if SINCE_6_12
typedef struct folio cache_page;
static struct folio *as_folio(struct folio *folio) { return folio; }
#else
typedef struct page cache_page;
static struct folio *as_folio(struct page *page) { return page_folio(page); }
#endif

/* By way of the file that it belongs to, as filesystems do: a page that was removed meanwhile has none, and that is an oops. */
static sector_t block_of_folio(const struct folio *folio) { return block_of(folio->mapping->host, folio->index); }

/* With buffers, too: a page is read as mpage_read_folio does, which attaches none. */
static int read_folio(struct file *file, struct folio *folio)
{
	read_pages(folio, block_of_folio(folio));
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}

/* --- with buffers --- */

static int get_block(struct inode *inode, sector_t block, struct buffer_head *buffer, int create)
{
	const unsigned int order = inode->i_blkbits - PAGE_SHIFT;

	buffer->b_bdev = &block_device;
	buffer->b_blocknr = block_of(inode, block << order) >> order;
	buffer->b_size = i_blocksize(inode);
	set_buffer_mapped(buffer);
	return 0;
}

static int write_through_buffers(cache_page *page, struct writeback_control *wbc, void *data)
{
#if SINCE_6_12
	return block_write_full_folio(page, wbc, get_block);
#else
	return block_write_full_page(page, get_block, wbc);
#endif
}
static int begin_write(struct file *file, struct address_space *mapping, loff_t at, unsigned int length,
		       cache_page **page, void **data)
{
	return block_write_begin(mapping, at, length, page, get_block);
}
static int write_pages_through_buffers(struct address_space *mapping, struct writeback_control *wbc)
{
	return write_cache_pages(mapping, wbc, write_through_buffers, NULL);
}

static vm_fault_t make_writable(struct vm_fault *fault, int (*announce)(struct vm_fault *fault, struct inode *inode))
{
	struct inode *inode = file_inode(fault->vma->vm_file);
	int error;

	sb_start_pagefault(inode->i_sb);
	file_update_time(fault->vma->vm_file);
	filemap_invalidate_lock_shared(inode->i_mapping);
	error = announce(fault, inode);
	filemap_invalidate_unlock_shared(inode->i_mapping);
	sb_end_pagefault(inode->i_sb);
	return error ? VM_FAULT_NOPAGE : VM_FAULT_LOCKED;
}

/* As ext2 does. */
static int make_dirty(struct vm_fault *fault, struct inode *inode)
{
	return block_page_mkwrite(fault->vma, fault, get_block);
}
static vm_fault_t make_writable_with_buffers(struct vm_fault *fault) { return make_writable(fault, make_dirty); }

/* As ext4 without delayed allocation does: with nothing to allocate, the page is only locked. All its buffers are one. */
static int lock_if_mapped(struct vm_fault *fault, struct inode *inode)
{
	struct folio *folio = page_folio(fault->page);
	struct buffer_head *buffer;

	folio_lock(folio);
	if (folio->mapping != inode->i_mapping || folio_pos(folio) > i_size_read(inode)) {
		folio_unlock(folio);
		return -EFAULT;
	}
	buffer = folio_buffers(folio);
	if (buffer && buffer_mapped(buffer))
		return 0;
	folio_unlock(folio);
	return make_dirty(fault, inode);
}
static vm_fault_t make_writable_clean(struct vm_fault *fault) { return make_writable(fault, lock_if_mapped); }

static const struct address_space_operations operations_with_buffers = {
	.dirty_folio = block_dirty_folio,
	.migrate_folio = buffer_migrate_folio,
	.invalidate_folio = block_invalidate_folio,
	.read_folio = read_folio,
	.writepages = write_pages_through_buffers,
	.write_begin = begin_write,
	.write_end = generic_write_end,
};
static const struct vm_operations_struct mapping_with_buffers = {
	.fault = filemap_fault,
	.page_mkwrite = make_writable_with_buffers,
};
static const struct vm_operations_struct mapping_left_clean = {
	.fault = filemap_fault,
	.page_mkwrite = make_writable_clean,
};

/* --- without --- */

static void write_folio(struct folio *folio)
{
	sector_t block = block_of_folio(folio);

	folio_start_writeback(folio);
	folio_unlock(folio);
	write_folio_to(folio, block);
	folio_end_writeback(folio);
}
static int write_one(cache_page *page, struct writeback_control *wbc, void *data)
{
	write_folio(as_folio(page));
	return 0;
}
static int write_pages(struct address_space *mapping, struct writeback_control *wbc)
{
	return write_cache_pages(mapping, wbc, write_one, NULL);
}

/* A write that ends beyond the end of its file moves that. */
static void extend(struct inode *inode, loff_t end)
{
	if (end <= inode->i_size)
		return;
	host_step(&inode->i_size, sizeof(inode->i_size), 1, IP);
	i_size_write(inode, end);
}

#if SINCE_6_12
static int begin_simple_write(struct file *file, struct address_space *mapping, loff_t at, unsigned int length,
			      struct folio **folio, void **data)
{
	*folio = __filemap_get_folio(mapping, at >> PAGE_SHIFT, FGP_WRITEBEGIN, mapping_gfp_mask(mapping));
	if (IS_ERR(*folio))
		return PTR_ERR(*folio);
	/* What is not written to must be there. */
	if (length < folio_size(*folio) && !folio_test_uptodate(*folio)) {
		if (!mapping_can_writeback(mapping))
			__folio_set_swapbacked(*folio);
		read_pages(*folio, block_of_folio(*folio));
		folio_mark_uptodate(*folio);
	}
	return 0;
}
static int end_simple_write(struct file *file, struct address_space *mapping, loff_t at, unsigned int length,
			    unsigned int copied, struct folio *folio, void *data)
{
	folio_mark_uptodate(folio);
	folio_mark_dirty(folio);
	extend(mapping->host, at + copied);
	folio_unlock(folio);
	folio_put(folio);
	return copied;
}
#else
static int begin_simple_write(struct file *file, struct address_space *mapping, loff_t at, unsigned int length,
			      struct page **page, void **data)
{
	*page = grab_cache_page_write_begin(mapping, at >> PAGE_SHIFT);
	return *page ? 0 : -ENOMEM;
}
static int end_simple_write(struct file *file, struct address_space *mapping, loff_t at, unsigned int length,
			    unsigned int copied, struct page *page, void *data)
{
	SetPageUptodate(page);
	set_page_dirty(page);
	extend(mapping->host, at + copied);
	unlock_page(page);
	put_page(page);
	return copied;
}
#endif

static const struct address_space_operations operations_without_buffers = {
	.dirty_folio = filemap_dirty_folio,
	.migrate_folio = filemap_migrate_folio,
	.read_folio = read_folio,
	.writepages = write_pages,
	.write_begin = begin_simple_write,
	.write_end = end_simple_write,
};
static const struct vm_operations_struct mapping_without_buffers = {
	.fault = filemap_fault,
	.page_mkwrite = filemap_page_mkwrite,
};

/* --- tmpfs --- */

static int read_zeros(struct file *file, struct folio *folio)
{
	__folio_set_swapbacked(folio);
	return read_folio(file, folio);
}
/* As shmem_writepage without a slot: the page stays, locked. */
static int keep_dirty(struct page *page, struct writeback_control *wbc)
{
	folio_mark_dirty(page_folio(page));
	return AOP_WRITEPAGE_ACTIVATE;
}

static const struct address_space_operations operations_of_tmpfs = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = migrate_folio,
	.read_folio = read_zeros,
	.writepage = keep_dirty,
	.write_begin = begin_simple_write,
	.write_end = end_simple_write,
};
static const struct vm_operations_struct mapping_of_tmpfs = { .fault = filemap_fault };

/* --- fsync and msync: the kernel's own ends here, with a filesystem's --- */

int vfs_fsync_range(struct file *file, loff_t start, loff_t end, int datasync)
{
	const int number = shim_file_of(file->f_mapping);
	const unsigned long first = start >> PAGE_SHIFT, count = (end >> PAGE_SHIFT) - first + 1;
	int error;

	if (shim_is_device(file->f_mapping))
		return 0;
	host_fsync_begins(number, first, count);
	error = file_write_and_wait_range(file, start, end);
	host_code(NULL);
	host_fsync_returns(number, first, count);
	return error;
}

/* --- between pages and user programs (lib/iov_iter.c): a whole page each time --- */

size_t copy_page_from_iter_atomic(struct page *page,
#if SINCE_6_12
				  size_t offset,
#else
				  unsigned int offset,
#endif
				  size_t bytes, struct iov_iter *from)
{
	host_write_words(page_to_pfn(page) + (offset >> PAGE_SHIFT));
	from->count -= bytes;
	return bytes;
}
size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *to)
{
	host_read_words(page_to_pfn(page) + (offset >> PAGE_SHIFT));
	to->count -= bytes;
	return bytes;
}
size_t fault_in_iov_iter_readable(const struct iov_iter *iter, size_t bytes) { return 0; }
void iov_iter_advance(struct iov_iter *iter, size_t bytes) {}

/* --- sizes and holes: as ext2 sets a size, and ext4 punches holes --- */

static void free_blocks(int file, unsigned long first, unsigned long count) { host_discard_ends(file, first, count); }

void linux_truncate(int file, unsigned long last)
{
	struct inode *inode = &shim_inodes[file];
	unsigned long pages = last + 1, had;

	inode_lock(inode);
	had = linux_file_pages(file);
	filemap_invalidate_lock(inode->i_mapping);
	if (pages < had) {
		host_code(NULL);
		host_discard_begins(file, pages, had - pages);
	}
	truncate_setsize(inode, (loff_t)pages * PAGE_SIZE);
	if (pages < had)
		free_blocks(file, pages, had - pages);
	filemap_invalidate_unlock(inode->i_mapping);
	mark_inode_dirty(inode);
	inode_unlock(inode);
}

void linux_punch(int file, unsigned long first, unsigned long count)
{
	struct inode *inode = &shim_inodes[file];
	unsigned long end;

	inode_lock(inode);
	end = min(first + count, linux_file_pages(file));
	if (first < end) {
		filemap_invalidate_lock(inode->i_mapping);
		host_code(NULL);
		host_discard_begins(file, first, end - first);
		truncate_pagecache_range(inode, (loff_t)first * PAGE_SIZE, (loff_t)end * PAGE_SIZE - 1);
		free_blocks(file, first, end - first);
		filemap_invalidate_unlock(inode->i_mapping);
		mark_inode_dirty(inode);
	}
	inode_unlock(inode);
}

/* --- what there is of it --- */

static const struct {
	struct super_block *superblock;
	const struct address_space_operations *operations;
	const struct vm_operations_struct *mapping;
} filesystems[] = {
	[linux_disk] = { &superblock, &operations_without_buffers, &mapping_without_buffers },
	[linux_disk_with_buffers] = { &superblock, &operations_with_buffers, &mapping_with_buffers },
	[linux_disk_left_clean] = { &superblock, &operations_with_buffers, &mapping_left_clean },
	[linux_tmpfs] = { &tmpfs_superblock, &operations_of_tmpfs, &mapping_of_tmpfs },
};
static int filesystem_of_run;

static int map_file(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = filesystems[filesystem_of_run].mapping;
	return 0;
}
/* For mremap, which has been told where. */
static unsigned long area_as_asked(struct file *file, unsigned long address, unsigned long length, unsigned long index,
				   unsigned long flags)
{
	return address;
}
static const struct file_operations file_operations = { .mmap = map_file, .get_unmapped_area = area_as_asked };

void shim_init_inode(struct inode *inode, struct super_block *sb)
{
	struct address_space *mapping = &inode->i_data;

	inode->i_sb = sb;
	inode->i_mapping = mapping;
	inode->i_mode = S_IFREG;
	inode->i_blkbits = PAGE_SHIFT;
	spin_lock_init(&inode->i_lock);
	init_rwsem(&inode->i_rwsem);
	INIT_LIST_HEAD(&inode->i_lru);
	INIT_LIST_HEAD(&inode->i_io_list);
	mapping->host = inode;
	mapping->gfp_mask = GFP_HIGHUSER_MOVABLE;
	xa_init_flags(&mapping->i_pages, XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);
	init_rwsem(&mapping->i_mmap_rwsem);
	init_rwsem(&mapping->invalidate_lock);
#if SINCE_6_12
	spin_lock_init(&mapping->i_private_lock);
#else
	spin_lock_init(&mapping->private_lock);
#endif
	mapping->i_mmap = RB_ROOT_CACHED;
}

void shim_init_files(void)
{
	static struct vfsmount mount;
	int i;

	buffer_init();
	disk.capabilities = BDI_CAP_WRITEBACK | BDI_CAP_WRITEBACK_ACCT;
	for (i = 0; i < NR_WB_STAT_ITEMS; i++)
		shim_init_percpu_counter(&disk.wb.stat[i]);
	disk.wb.bdi = &disk;
	spin_lock_init(&disk.wb.list_lock);
	disk.wb.bw_time_stamp = jiffies;
	shim_init_percpu_counter(&disk.wb.completions.events);
	for (i = 0; i < SB_FREEZE_LEVELS; i++) {
		superblock.s_writers.rw_sem[i].read_count = shim_alloc_percpu(sizeof(unsigned int));
		tmpfs_superblock.s_writers.rw_sem[i].read_count = shim_alloc_percpu(sizeof(unsigned int));
	}
	superblock.s_bdi = &disk;
	superblock.s_bdev = &block_device;
	for (i = 0; i < linux_max_files; i++) {
		struct file *file = &shim_files[i];

		shim_init_inode(&shim_inodes[i], &superblock);
		file->f_path.mnt = &mount;
		file->f_mapping = &shim_inodes[i].i_data;
		file->f_inode = &shim_inodes[i];
		file->f_mode = FMODE_READ | FMODE_WRITE;
		file->f_op = &file_operations;
	}
}

#if SINCE_6_12
int linux_has_folio_order(void) { return 1; }
static void set_order(struct inode *inode, unsigned int order)
{
	mapping_set_folio_order_range(&inode->i_data, order, order);
	inode->i_blkbits = PAGE_SHIFT + order;
}
#else
int linux_has_folio_order(void) { return 0; }
static void set_order(struct inode *inode, unsigned int order) {}
#endif

void shim_begin_files(int pages, int filesystem, unsigned int order)
{
	int i;

	filesystem_of_run = filesystem;
	for (i = 0; i < linux_max_files; i++) {
		shim_inodes[i].i_size = (loff_t)pages * PAGE_SIZE;
		shim_inodes[i].i_sb = filesystems[filesystem].superblock;
		shim_inodes[i].i_data.a_ops = filesystems[filesystem].operations;
		set_order(&shim_inodes[i], order);
		atomic_long_set(&shim_files[i].f_count, 1000);
	}
}
