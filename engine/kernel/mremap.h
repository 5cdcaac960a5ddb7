// mremap: a part of a mapping moves to another place, with what the mm has of its own there.
//
// Follows mm/mremap.c of Linux 6.1, with copy_vma of mm/mmap.c. Not modelled: page tables that are moved as a
// whole (move_normal_pmd).
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// mremap(MREMAP_MAYMOVE | MREMAP_FIXED) of [first, first + count) to [to, to + count), which is elsewhere: what is there is
// unmapped. No more is done if the range is not one mapping's, or if there are too many mappings; nothing if it begins with none.
void mremap(Task& current, int first, int count, int to);

}  // namespace shootdown
