// Faults on what is in swap space.
//
// Follows do_swap_page (mm/memory.c) of Linux 6.1. A page of the area that answers
// at once is read in beside the swap cache, if only one entry leads to it; any other
// goes through the swap cache.
#pragma once

#include "engine/kernel/filemap.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

// do_swap_page: the entry was `orig_pte`, which leads to swap space, at a look without a lock.
VmFault do_swap_page(Task& current, Vma& vma, int address, Pte orig_pte, bool write);

}  // namespace shootdown
