// Mapping and unmapping.
//
// Follows mm/mmap.c and mm/madvise.c of Linux 6.1. munmap takes the mappings out
// of the mm first, then lets others read the mm while it zaps them.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// find_vma: the first vma that ends after `page`, or null. mmap_lock is held.
Vma* find_vma(Mm& mm, int page);

// Splits what crosses the ends of [first, end), so that mappings begin and end there. mmap_lock is held for writing. False when
// there are too many mappings.
bool split_at_ends(Task& current, Mm& mm, int first, int end);

// What an event says of a mapping.
event::InsertMapping insertion_of(const Vma& vma);

// mmap(MAP_FIXED) of virtual pages [first, first + count), which lie in one window: they show the window's file, unless they
// are anonymous. `populate`: MAP_POPULATE. Fails silently when there are too many mappings.
void do_mmap(Task& current, int first, int count, Vma::Kind kind, bool populate = false);

// munmap.
void do_munmap(Task& current, int first, int count);

// msync(MS_SYNC).
void msync(Task& current, int first, int count);

// The thread ends (exit_mm, mmput); with the last one the mm is torn down.
void exit_thread(Task& current);

// remove_vma_list's part of unmapping, and vma_link's of mapping: removes a vma from its file's i_mmap
// (unlink_file_vma), adds it. Nothing is done if it has no file.
void unlink_file_vma(Task& current, Vma& vma);
void link_file_vma(Task& current, Vma& vma);

// vma_link without a task: for mappings that exist when a run begins.
void insert_initial_vma(Kernel& kernel, Mm& mm, int first, int count);

}  // namespace shootdown
