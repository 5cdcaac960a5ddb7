// Swap space: its slots, who uses them, and the swap cache.
//
// Follows mm/swapfile.c, mm/swap_state.c and mm/page_io.c of Linux 6.1 for two swap
// areas of the same priority, which are filled in turn: the first is in memory and
// answers at once (SWP_SYNCHRONOUS_IO, SWP_STABLE_WRITES, as zram), the other on the
// disk (disk.h). What an area's lock guards is one action here. There is swap space
// only in programs that can use it.
//
// Not modelled: slots that CPUs keep in store (mm/swap_slots.c), readahead, swapoff,
// errors.
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/kernel/locks.h"
#include "engine/kernel/mm.h"
#include "engine/kernel/page.h"
#include "engine/sched/atomic.h"

namespace shootdown {

struct Task;

inline constexpr int swap_areas = 2;
inline constexpr int slots_per_area = max_swap_slots / swap_areas;

struct SwapSlot {
  static constexpr std::uint8_t has_cache = 0x40;  // SWAP_HAS_CACHE

  Atomic<std::uint8_t> map{0};  // swap_map: how many entries lead to it, and has_cache
  Atomic<Page*> cached{nullptr};
  DiskPage contents;
  WaitQueue waiters;  // for who has prepared it to be done
};

struct SwapArea {
  // Those before and behind are in use (lowest_bit, highest_bit); none is free: highest is below lowest.
  int lowest = 0;
  int highest = slots_per_area - 1;
  int next = 0;  // where to look first
  SpinLock i_pages_lock;
};

class SwapSpace {
 public:
  void init(const Row<SwapSlot>& slots, const Row<SwapArea>& areas);
  int size() const { return slots.size(); }
  SwapArea& area_of(int slot) const { return areas[slot / slots_per_area]; }
  static bool answers_at_once(int slot) { return slot < slots_per_area; }

  Row<SwapSlot> slots;
  Row<SwapArea> areas;
  int turn = 0;  // the area that is filled next
  Atomic<int> free_slots{0};
};

// --- slots ---

// swap_duplicate: one more entry leads to the slot. Who calls has one, or the page in the swap cache.
void swap_duplicate(Task& current, int slot);
// swap_free: one less.
void swap_free(Task& current, int slot);
// free_swap_and_cache: one less; if nobody is left who may want it, the page leaves the swap cache, too, if that can be done
// at once and nobody maps it or space runs short.
void free_swap_and_cache(Task& current, int slot);
// __swap_count.
int swap_count(Task& current, int slot);
// swapcache_prepare, and swapcache_clear: keeps others from reading the slot in. False: somebody else does so.
bool swapcache_prepare(Task& current, int slot);
void swapcache_clear(Task& current, int slot);
// schedule_timeout of who could not prepare it: waits until it is in the swap cache, or could be put there.
void wait_for_swap_cache(Task& current, int slot);

// vm_swap_full: more than half of it is in use.
bool vm_swap_full(const Task& current);

// --- the swap cache ---

// folio_test_swapcache. The page is locked.
bool page_swapcache(const Task& current, const Page* page);

// add_to_swap: finds a slot for the page and puts it into the swap cache, dirty. The page is locked. False: there is no slot.
bool add_to_swap(Task& current, Page* page);

// swap_cache_get_folio: with a reference, or null.
Page* swap_cache_get_page(Task& current, int slot);

// read_swap_cache_async: the page of the slot, in the swap cache, with a reference, being read in. Null: there is no memory, or
// nobody needs the slot any more.
Page* read_swap_cache_async(Task& current, int slot);

// folio_migrate_mapping: another page, which is locked, too, takes the place of one in the swap cache. False: somebody else has a
// reference.
bool replace_in_swap_cache(Task& current, Page* from, Page* to);

// folio_free_swap: takes the page, which is locked, out of the swap cache, if no entry leads to its slot and it is not being
// written. Returns whether.
bool page_free_swap(Task& current, Page* page);

// __remove_mapping of a page in the swap cache, which is locked: removes it if nobody else has a reference and it is clean. Then it
// has none any more.
bool remove_from_swap(Task& current, Page* page);

// free_swap_cache: before a reference to the page is dropped which may be the last but that of the swap cache.
void free_swap_cache(Task& current, Page* page);

// At the end, pages that are in the swap cache though nobody wants them any more, because they were locked or being written when
// the last entry for them went, go.
void reclaim_swap_cache(Task& current);

// --- IO ---

// swap_writepage. The page is locked when it is called, and not when it returns; clean, and under writeback until the disk has it.
void swap_writepage(Task& current, Page* page);

// swap_readpage: reads the page, which is locked, from the slot; it is unlocked when it is up to date.
void swap_readpage(Task& current, Page* page, int slot);

}  // namespace shootdown
