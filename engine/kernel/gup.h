// Pages of user memory that are pinned, so that a device can write to them.
//
// Follows mm/gup.c of Linux 6.1: pin_user_pages_fast with FOLL_WRITE, of one page,
// and unpin_user_pages_dirty_lock. The page table is walked without a lock, but with
// interrupts off: whoever takes an entry away waits for this CPU with its flush, and so
// with freeing what the entry led to. Where that finds no entry that may be written to,
// the mmap_lock is taken, and the page is faulted in as by a store.
//
// A pin counts GUP_PIN_COUNTING_BIAS references. Nobody waits for it: not who saves the
// page, not who unmaps it or drops it from the page cache. Not modelled: pins for long
// (FOLL_LONGTERM) and pins only to read.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// A page of user memory, with references. No kernel has the generation: it says in which life of the page it was found,
// for an oracle to compare.
struct UserPage {
  Page* page = nullptr;  // null: there is none
  std::uint32_t generation = 0;
};

// get_user_pages_remote with FOLL_WRITE: of one page, with so many references, faulted in as by a store. The mmap_lock is
// held for reading. Finds none where no store could be made, which it says.
UserPage get_user_page(Task& current, Mm& mm, int address, int references);

// A device writes a word of the page, which was found as a virtual page of the task's mm.
event::DmaWord device_writes(Task& current, const UserPage& found, int address, int word);

// A device writes a word of a virtual page, which is pinned for it. Does nothing where no store could be made.
void dma_to_user(Task& current, int page, int word);

}  // namespace shootdown
