// Devices that have a page of anonymous memory to themselves for a while, as those do which
// cannot make an atomic access to memory that CPUs use.
//
// Follows make_device_exclusive_range of mm/rmap.c, and remove_device_exclusive_entry
// and what it needs of mm/memory.c, of Linux 6.1 and 6.12, between which nothing differs
// here; and a driver, lib/test_hmm.c (dmirror_exclusive). The entry that mapped the page
// is not present while the device has it, but keeps the page's reference and its place in
// RSS; the rmap does not count it. Who faults on it waits for the page lock, which the
// device holds, and gets it back.
//
// Not modelled: mmu notifiers, by which a device is told that a page is taken from it
// again. It lets go of the page before it drops the page lock. It marks it dirty, which
// Linux's drivers leave to the entry (the planted defect exclusive-left-clean).
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// A device takes a virtual page for itself, writes a word, and lets go of it. Does nothing where no store could be made,
// nor where somebody else has the page locked or the memory is no anonymous page.
void write_exclusively(Task& current, int page, int word);

// remove_device_exclusive_entry: a fault has met the entry. mmap_lock is held.
void remove_device_exclusive_entry(Task& current, const Vma& vma, int address, Pte entry);

// try_restore_exclusive_pte: makes the entry present again. The page-table lock is held. False: the page is locked.
bool try_restore_exclusive_pte(Task& current, const Vma& vma, int address, Pte entry);

}  // namespace shootdown
