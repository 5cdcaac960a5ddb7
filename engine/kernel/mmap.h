// Mapping and unmapping.
//
// Follows mm/mmap.c and mm/madvise.c of Linux 6.1. munmap takes the mappings out
// of the mm first, then lets others read the mm while it zaps them.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// mmap(MAP_FIXED) of virtual pages [first, first + count), which lie in one window: they show the window's file, unless they
// are anonymous. `populate`: MAP_POPULATE. Fails silently when there are too many mappings.
void do_mmap(Task& current, int first, int count, Vma::Kind kind, bool populate = false);

// do_mas_align_munmap. mmap_lock is held for writing; `downgrade`: it is dropped, else it is kept.
void munmap_range(Task& current, int first, int count, bool downgrade);

// munmap.
void do_munmap(Task& current, int first, int count);

// msync(MS_SYNC).
void msync(Task& current, int first, int count);

// The thread ends (exit_mm, mmput); with the last one the mm is torn down.
void exit_thread(Task& current);

}  // namespace shootdown
