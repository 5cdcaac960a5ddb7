// madvise.
//
// Follows mm/madvise.c of Linux 6.1: MADV_DONTNEED, which zaps; MADV_FREE, after which
// anonymous pages may be thrown away until they are written to; MADV_COLD and
// MADV_PAGEOUT, which make pages old, and reclaim them. The last two leave alone what
// others map, too.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

void madvise_dontneed(Task& current, int first, int count);
void madvise_free(Task& current, int first, int count);
void madvise_cold(Task& current, int first, int count);
void madvise_pageout(Task& current, int first, int count);

}  // namespace shootdown
