// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* A device with memory of its own, and its driver.
 *
 * To mm/ it is what a driver with TTM is: a mapping of its memory has no pages (VM_PFNMAP); a fault puts the frame in that is there
 * (ttm_bo_vm_fault, vmf_insert_pfn); who moves what is in it unmaps it from the device's address space first, and takes it that
 * nobody uses the old frames then (ttm_bo_move).
 * Keeps: a fault does not meet a move, for both hold the invalidate_lock of the device's address space, as TTM has a lock for each
 * buffer.
 * Does not keep: private mappings, huge entries. The memory is frames that the page allocator has given away for the run. */
#include "shim.h"

static struct inode inode;
static struct file file;
/* By place: two frames, of which one has what is there. */
static unsigned long frames[linux_max_file_pages][2];
static unsigned char turn[linux_max_file_pages];

struct file *shim_device(void) { return &file; }
int shim_is_device(const struct address_space *mapping) { return mapping == &inode.i_data; }

int shim_is_device_frame(unsigned long pfn)
{
	int place;

	for (place = 0; place < linux_max_file_pages && frames[place][0]; place++) {
		if (frames[place][0] == pfn || frames[place][1] == pfn)
			return 1;
	}
	return 0;
}

static vm_fault_t insert_frame(struct vm_fault *fault)
{
	struct address_space *mapping = fault->vma->vm_file->f_mapping;
	vm_fault_t result;

	filemap_invalidate_lock_shared(mapping);
	result = vmf_insert_pfn(fault->vma, fault->address, frames[fault->pgoff][turn[fault->pgoff]]);
	filemap_invalidate_unlock_shared(mapping);
	return result;
}
static const struct vm_operations_struct mapping_of_device = { .fault = insert_frame };

static int map_device(struct file *device, struct vm_area_struct *vma)
{
	const unsigned long flags = VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;

#if SINCE_6_9
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
	vma->vm_ops = &mapping_of_device;
	return 0;
}
static unsigned long area_as_asked(struct file *device, unsigned long address, unsigned long length, unsigned long index,
				   unsigned long flags)
{
	return address;
}
static const struct file_operations operations = { .mmap = map_device, .get_unmapped_area = area_as_asked };

void linux_move_device(unsigned long first, unsigned long count)
{
	struct address_space *mapping = &inode.i_data;
	unsigned long place;

	if (!frames[0][0])
		return;
	filemap_invalidate_lock(mapping);
	unmap_mapping_range(mapping, (loff_t)first * PAGE_SIZE, (loff_t)count * PAGE_SIZE, 1);
	for (place = first; place < first + count; place++) {
		const unsigned long from = frames[place][turn[place]];

		turn[place] = !turn[place];
		host_move_page(from, frames[place][turn[place]]);
		host_device_frame_freed(from);
	}
	filemap_invalidate_unlock(mapping);
}

void shim_init_device(struct super_block *sb)
{
	static struct vfsmount mount;

	shim_init_inode(&inode, sb);
	file.f_path.mnt = &mount;
	file.f_mapping = &inode.i_data;
	file.f_inode = &inode;
	file.f_mode = FMODE_READ | FMODE_WRITE;
	file.f_op = &operations;
}

void shim_begin_device(int pages)
{
	int place;

	atomic_long_set(&file.f_count, 1000);
	for (place = 0; place < pages; place++) {
		frames[place][0] = page_to_pfn(shim_alloc_frame(__GFP_ZERO));
		frames[place][1] = page_to_pfn(shim_alloc_frame(__GFP_ZERO));
	}
}
