// Write-protecting what is mapped, and making it writable again.
//
// Follows mm/mprotect.c of Linux 6.1. Entries are changed under the page-table lock,
// by taking them out and putting them in again, so that hardware sets no bit in
// between; the flush comes at the end, in one gather for the whole call. Not modelled:
// PROT_NONE, and merging mappings that have become alike.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// mprotect of virtual pages [first, first + count), readable, and writable or not; up to the first page that is unmapped.
void mprotect(Task& current, int first, int count, bool writable);

}  // namespace shootdown
