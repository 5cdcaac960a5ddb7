// A device whose memory programs map: frames that are no pages (VM_PFNMAP). A driver moves
// what is in it, and takes the old frames back.
//
// Follows what drivers of graphics cards do (ttm_bo_vm_fault, ttm_bo_move), and what
// mm/memory.c of Linux 6.1 does for them: vmf_insert_pfn, unmap_mapping_range. No page counts
// who maps the frames: when unmap_mapping_range has returned the driver takes it that nobody
// uses them. Its own lock, which keeps faults out while it moves, is the invalidate_lock of
// its address space here.
//
// Not modelled: private mappings of it; VM_MIXEDMAP; ptes of huge pages; drivers that want to be told of the first
// store (pfn_mkwrite). Without these an entry is writable if its mapping is, and no store comes to wp_pfn_shared.
#pragma once

#include "engine/kernel/filemap.h"

namespace shootdown {

// vm_ops->fault: maps what a place shows. mmap_lock is held.
void device_fault(Task& current, const Vma& vma, int address);

// Moves what is in the memory at these places, unmapping it.
void move_device_memory(Task& current, PageSpan places);

}  // namespace shootdown
