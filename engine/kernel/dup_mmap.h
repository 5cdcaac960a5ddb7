// fork: an address space that is a copy of another.
//
// Follows dup_mmap of kernel/fork.c and copy_page_range of mm/memory.c, Linux 6.1. What
// both have of their own they share, write-protected on both sides, until one of them
// stores to it. The parent's threads go on meanwhile: what their TLBs hold is flushed once,
// at the end. Where a fault will find the pages no entry is copied.
//
// The child's threads exist from the beginning of the run, and wait for it (Mm::born).
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// Makes `child` from the task's own mm. Nothing is done if it is there, or if somebody makes it just now.
void dup_mmap(Task& current, Mm& child);

}  // namespace shootdown
