// A device's private memory, to which anonymous pages move and which no CPU can reach (HMM).
//
// Follows mm/migrate_device.c of Linux 6.1 and 6.12: migrate_vma_setup, migrate_vma_pages and
// migrate_vma_finalize, for one page; do_swap_page where it meets such a page's entry; and a
// driver, lib/test_hmm.c (dmirror_migrate_to_device, dmirror_devmem_fault). The entry of a page
// that has moved there is not present, but maps it as any other does: the rmap and RSS count
// it, and it has a reference. Who faults on it has the driver move the page back. The pages
// are on no LRU list, and nobody can find them but by their entries.
//
// Where Linux finds a page locked that is to come back, or referenced by somebody else, it has
// the fault tried again, for as long as that is so. Here the fault waits for the lock (Linux
// takes it at once only since commit 1afaeb8293c9), and nobody counts references: who else has
// one there never looks into the page.
//
// Not modelled: mmu notifiers, by which a device is told that a page is taken from it. It
// writes while the page is locked, and marks the page dirty, which Linux's drivers do not (the
// planted defect private-left-clean). Pages of files, which Linux unmaps, finds to be such,
// and maps again. A driver that wants its memory back (migrate_device_range). Memory of a
// device that CPUs can reach (MEMORY_DEVICE_COHERENT).
#pragma once

#include "engine/kernel/filemap.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

// A driver moves what a virtual page shows to its device's private memory, unless it is there; and there the device writes a word if the
// program could. Does nothing if the memory is no anonymous page, or if that is in use.
void migrate_to_device(Task& current, int page, int word);

// What do_swap_page does for such a page, and pgmap->ops->migrate_to_ram: a fault has met the entry. mmap_lock is held.
VmFault migrate_to_ram(Task& current, const Vma& vma, int address, Pte entry);

}  // namespace shootdown
