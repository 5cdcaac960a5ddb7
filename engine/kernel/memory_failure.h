// Places that nobody may use any more: because a program has said so, or because the memory fails.
//
// Follows mfill_atomic_pte_poison of mm/userfaultfd.c (Linux 6.6 and later), and
// madvise_inject_error of mm/madvise.c with memory_failure of mm/memory-failure.c of
// Linux 6.1. Both leave an entry that is not present and leads nowhere; whoever meets
// it is refused (SIGBUS).
//
// A page of a file that is clean is on the disk: nothing is lost with its memory, and it
// is only unmapped and dropped. An anonymous page is lost, as is what nobody else has: its
// places are poisoned until they are thrown away. Not modelled: dirty pages of files and
// pages in the swap cache, which are lost, too, or come back by another way: they do not
// fail here. Processes are not killed, and the frame is good again when nobody has it any
// more (unpoison_memory).
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// ioctl(UFFDIO_POISON): of anonymous memory, in one mapping, up to the first place where there is anything.
void uffdio_poison(Task& current, int first, int count);

// madvise(MADV_HWPOISON): the memory fails that the range shows, as far as it is there.
void madvise_hwpoison(Task& current, int first, int count);

}  // namespace shootdown
