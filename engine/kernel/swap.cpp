#include "engine/kernel/swap.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/kernel/bug.h"
#include "engine/kernel/disk.h"
#include "engine/kernel/kernel.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/vmscan.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

void SwapSpace::init(const Row<SwapSlot>& all_slots, const Row<SwapArea>& all_areas) {
  slots = all_slots;
  areas = all_areas;
  free_slots.store(slots.size(), std::memory_order_relaxed);
  for (int area = 0; area < areas.size(); ++area)
    areas[area].i_pages_lock.init({.kind = LockClass::swap_cache, .owner = as_fact(area)});
}

namespace {

SwapSpace& swap_of(const Task& current) {
  return current.kernel->swap;
}
SwapSlot& slot_of(const Task& current, int slot) {
  return swap_of(current).slots[slot];
}
// Of the swap cache's part that the slot is in.
SpinLock& i_pages_lock_of(const Task& current, int slot) {
  return swap_of(current).area_of(slot).i_pages_lock;
}

Fact users_of(std::uint8_t map) {
  return map & static_cast<std::uint8_t>(~SwapSlot::has_cache);
}
bool is_cached(std::uint8_t map) {
  return (map & SwapSlot::has_cache) != 0;
}

}  // namespace

// --- slots ---

namespace {

// swap_range_alloc.
SHOOTDOWN_HARNESS void note_taken(SwapArea& area, int offset) {
  if (offset == area.lowest) ++area.lowest;
  if (offset == area.highest) --area.highest;
  area.next = offset + 1;
}

// swap_range_free.
SHOOTDOWN_HARNESS void note_freed(SwapSpace& swap, int slot) {
  SwapArea& area = swap.area_of(slot);
  const int offset = slot % slots_per_area;
  area.lowest = std::min(area.lowest, offset);
  area.highest = std::max(area.highest, offset);
  swap.free_slots.add(1, std::memory_order_relaxed);
}

using SwapChange = event::CountSwap::Change;

// One action on what is known of the slot: `change(map)` returns what it is to be, or what it is.
template <typename Action>
event::CountSwap count_swap(Task& current, int slot, SwapChange what, const Action& change) {
  return act(current, event::CountSwap{.slot = as_fact(slot), .change = what}, [&](event::CountSwap& found) {
    SwapSpace& swap = swap_of(current);
    std::uint8_t map = swap.slots[slot].map.load(std::memory_order_acquire);
    const std::uint8_t changed = change(map);
    found.done = static_cast<Fact>(changed != map);
    if (changed != map) SHOOTDOWN_CHECK(swap.slots[slot].map.compare_exchange(map, changed, std::memory_order_acq_rel));
    found.users = users_of(changed);
    found.cached = static_cast<Fact>(is_cached(changed));
    if (found.done != 0 && changed == 0) note_freed(swap, slot);
    current.kernel->sched.wake(swap.slots[slot].waiters);
  });
}

// __swap_entry_free: one entry less leads to the slot.
event::CountSwap swap_entry_free(Task& current, int slot) {
  const auto freed = count_swap(current, slot, SwapChange::free, [](std::uint8_t map) {
    return users_of(map) != 0 ? static_cast<std::uint8_t>(map - 1) : map;
  });
  if (freed.done == 0) print_error(current, "swap_info_get: Unused swap offset entry");
  return freed;
}

}  // namespace

void swap_duplicate(Task& current, int slot) {
  count_swap(current, slot, SwapChange::duplicate, [](std::uint8_t map) { return static_cast<std::uint8_t>(map + 1); });
}

void swap_free(Task& current, int slot) {
  swap_entry_free(current, slot);
}

bool swapcache_prepare(Task& current, int slot) {
  const auto prepared = count_swap(current, slot, SwapChange::prepare_cache, [](std::uint8_t map) {
    const bool may = !is_cached(map) && users_of(map) != 0;
    return may ? static_cast<std::uint8_t>(map | SwapSlot::has_cache) : map;
  });
  return prepared.done != 0;
}

void swapcache_clear(Task& current, int slot) {
  const auto cleared = count_swap(current, slot, SwapChange::clear_cache, [](std::uint8_t map) {
    return static_cast<std::uint8_t>(map & ~SwapSlot::has_cache);
  });
  bug_on(current, cleared.done == 0, "VM_BUG_ON in __swap_entry_free_locked: the slot is not in the swap cache");
}

int swap_count(Task& current, int slot) {
  const auto look = act(current, event::ReadSwapCount{.slot = as_fact(slot)}, [&](event::ReadSwapCount& found) {
    found.users = users_of(slot_of(current, slot).map.load(std::memory_order_acquire));
  });
  return static_cast<int>(look.users);
}

void wait_for_swap_cache(Task& current, int slot) {
  SwapSlot& wanted = slot_of(current, slot);
  await(
      current, wanted.waiters,
      [&wanted] {
        return !is_cached(wanted.map.load(std::memory_order_relaxed)) ||
               wanted.cached.load(std::memory_order_relaxed) != nullptr;
      },
      [slot] { return event::WaitForSwapCache{.slot = as_fact(slot)}; });
}

bool vm_swap_full(const Task& current) {
  also_reads(current, places::free_memory);
  const SwapSpace& swap = swap_of(current);
  return swap.free_slots.load(std::memory_order_relaxed) * 2 < swap.size();
}

namespace {

// __try_to_reclaim_swap with TTRS_ANYWAY, or else with TTRS_UNMAPPED and TTRS_FULL: nobody wants the slot, but it is in the swap
// cache.
bool try_to_reclaim_swap(Task& current, int slot, bool anyway) {
  Page* const page = swap_cache_get_page(current, slot);
  if (page == nullptr) return false;
  bool freed = false;
  if (trylock_page(current, page)) {
    if (anyway || !page_mapped(current, page) || vm_swap_full(current)) freed = page_free_swap(current, page);
    unlock_page(current, page);
  }
  put_page(current, page);
  return freed;
}

// The first slot of the area, from where it was last, that is free; or that could be, because only the swap cache has it.
SHOOTDOWN_HARNESS int find_slot(const Task& current, const SwapArea& area, int first_slot) {
  const SwapSpace& swap = swap_of(current);
  const int count = area.highest - area.lowest + 1;
  const int begin = area.next > area.highest || area.next < area.lowest ? area.lowest : area.next;
  for (int i = 0; i < count; ++i) {
    const int offset = area.lowest + (begin - area.lowest + i) % count;
    const std::uint8_t map = swap.slots[first_slot + offset].map.load(std::memory_order_acquire);
    if (map == 0 || (map == SwapSlot::has_cache && vm_swap_full(current))) return first_slot + offset;
  }
  return -1;
}

// Whose turn it is.
SHOOTDOWN_HARNESS int next_area(SwapSpace& swap) {
  const int area = swap.turn;
  swap.turn = (area + 1) % swap_areas;
  return area;
}

// One try of get_swap_pages, in the area whose turn it is. `busy`: a slot that only the swap cache has.
event::AllocateSwap take_slot(Task& current, int& busy) {
  return act(current, event::AllocateSwap{.slot = no_fact}, [&](event::AllocateSwap& found) {
    SwapSpace& swap = swap_of(current);
    for (int tried = 0; tried < swap_areas; ++tried) {
      const int area = next_area(swap);
      const int slot = find_slot(current, swap.areas[area], area * slots_per_area);
      if (slot < 0) continue;
      std::uint8_t free = 0;
      if (!swap.slots[slot].map.compare_exchange(free, SwapSlot::has_cache, std::memory_order_acq_rel)) {
        busy = slot;
        return;
      }
      note_taken(swap.areas[area], slot % slots_per_area);
      swap.free_slots.sub(1, std::memory_order_relaxed);
      found.slot = as_fact(slot);
      return;
    }
  });
}

// folio_alloc_swap, get_swap_pages. -1: there is none.
int alloc_swap(Task& current) {
  for (;;) {
    int busy = -1;
    const auto taken = take_slot(current, busy);
    if (taken.slot != no_fact) return static_cast<int>(taken.slot);
    if (busy < 0 || !try_to_reclaim_swap(current, busy, true)) return -1;
  }
}

}  // namespace

void free_swap_and_cache(Task& current, int slot) {
  const event::CountSwap freed = swap_entry_free(current, slot);
  if (freed.users == 0 && freed.cached != 0) try_to_reclaim_swap(current, slot, false);
}

// --- the swap cache ---

bool page_swapcache(const Task& current, const Page* page) {
  also_reads(current, places::flags(frame_fact(current, page)));
  return page->test(PG_swapcache);
}

namespace {

// add_to_swap_cache. The page is locked, and who calls has prepared the slot.
void add_to_swap_cache(Task& current, Page* page, int slot) {
  SpinLock& i_pages_lock = i_pages_lock_of(current, slot);
  i_pages_lock.lock_irq(current);
  act(current, event::AddToSwapCache{.page = frame_fact(current, page), .slot = as_fact(slot)}, [&] {
    page->refcount.add(1, std::memory_order_relaxed);
    page->flags.set(PG_swapcache, std::memory_order_relaxed);
    page->swap_slot = static_cast<std::uint8_t>(slot);
    slot_of(current, slot).cached.store(page, std::memory_order_release);
    current.kernel->sched.wake(slot_of(current, slot).waiters);
  });
  i_pages_lock.unlock_irq(current);
}

// __delete_from_swap_cache. The area's i_pages lock is held.
void delete_from_swap_cache_locked(Task& current, Page* page, int slot) {
  also_reads(current, places::flags(frame_fact(current, page)));
  bug_on(current, page->test(PG_writeback),
         "VM_BUG_ON_FOLIO in __delete_from_swap_cache: the folio is under writeback");
  act(current, event::RemoveFromSwapCache{.page = frame_fact(current, page), .slot = as_fact(slot)}, [&] {
    slot_of(current, slot).cached.store(nullptr, std::memory_order_release);
    page->flags.clear(PG_swapcache, std::memory_order_relaxed);
  });
}

// delete_from_swap_cache. The page is locked, and the caller has a reference.
void delete_from_swap_cache(Task& current, Page* page) {
  const int slot = page->swap_slot;
  SpinLock& i_pages_lock = i_pages_lock_of(current, slot);
  i_pages_lock.lock_irq(current);
  delete_from_swap_cache_locked(current, page, slot);
  i_pages_lock.unlock_irq(current);
  swapcache_clear(current, slot);  // put_swap_folio
  put_page(current, page);
}

Page* look_up_in_swap_cache(Task& current, int slot) {
  Page* page = nullptr;
  act(current, event::LookUpSwapCache{.slot = as_fact(slot), .frame = no_fact}, [&](event::LookUpSwapCache& found) {
    page = slot_of(current, slot).cached.load(std::memory_order_acquire);
    if (page != nullptr) found.frame = current.kernel->pfn(page);
  });
  return page;
}

}  // namespace

bool add_to_swap(Task& current, Page* page) {
  const int slot = alloc_swap(current);
  if (slot < 0) return false;
  add_to_swap_cache(current, page, slot);
  // Who has freed it lazily meanwhile has made its entry clean: it must be written all the same.
  set_page_dirty(current, page);
  return true;
}

Page* swap_cache_get_page(Task& current, int slot) {
  for (;;) {
    Page* const page = look_up_in_swap_cache(current, slot);
    if (page == nullptr) return nullptr;
    if (!try_get_page(current, page)) {
      i_pages_lock_of(current, slot).wait_until_free(current);
      continue;
    }
    if (look_up_in_swap_cache(current, slot) == page) return page;
    put_page(current, page);
  }
}

Page* read_swap_cache_async(Task& current, int slot) {
  for (;;) {
    if (Page* const page = swap_cache_get_page(current, slot)) return page;
    Page* const page = alloc_anon_page(current, false);
    if (page == nullptr) return nullptr;
    if (swapcache_prepare(current, slot)) {
      lock_new_page(current, page);
      add_to_swap_cache(current, page, slot);
      swap_readpage(current, page, slot);
      return page;
    }
    put_page(current, page);
    if (swap_count(current, slot) == 0) return nullptr;
    wait_for_swap_cache(current, slot);
  }
}

bool page_free_swap(Task& current, Page* page) {
  bug_on(current, !page_locked(current, page), "VM_BUG_ON_FOLIO in folio_free_swap: the folio is not locked");
  also_reads(current, places::flags(frame_fact(current, page)));
  if (!page->test(PG_swapcache) || page->test(PG_writeback)) return false;
  if (swap_count(current, page->swap_slot) != 0) return false;
  delete_from_swap_cache(current, page);
  set_page_dirty(current, page);
  return true;
}

bool remove_from_swap(Task& current, Page* page) {
  const int slot = page->swap_slot;
  SpinLock& i_pages_lock = i_pages_lock_of(current, slot);
  i_pages_lock.lock_irq(current);
  const bool removed = page_ref_freeze_if_clean(current, page, 2);
  if (removed) delete_from_swap_cache_locked(current, page, slot);
  i_pages_lock.unlock_irq(current);
  if (removed) swapcache_clear(current, slot);
  return removed;
}

bool replace_in_swap_cache(Task& current, Page* from, Page* to) {
  const int slot = from->swap_slot;
  SpinLock& i_pages_lock = i_pages_lock_of(current, slot);
  i_pages_lock.lock_irq(current);
  const bool replaces = page_ref_freeze(current, from, 2);
  if (replaces) {
    constexpr Fact moved = PG_dirty | PG_swapcache;
    act(current, event::AddToSwapCache{.page = frame_fact(current, to), .slot = as_fact(slot)}, [&] {
      to->swap_slot = from->swap_slot;
      to->refcount.add(1, std::memory_order_relaxed);
      to->flags.set(PG_swapbacked | (from->flags.load(std::memory_order_relaxed) & moved), std::memory_order_relaxed);
      from->flags.clear(moved, std::memory_order_relaxed);
      slot_of(current, slot).cached.store(to, std::memory_order_release);
    });
    also_writes(current, places::flags(frame_fact(current, from)));
    page_ref_unfreeze(current, from, 1);
  }
  i_pages_lock.unlock_irq(current);
  return replaces;
}

void free_swap_cache(Task& current, Page* page) {
  if (swap_of(current).size() == 0) return;
  // As who releases a batch of pages does it for one after the other.
  also_reads(current, {.kind = Places::Kind::flags, .count = as_fact(current.kernel->page_count())});
  if (!page->test(PG_swapcache) || page_mapped(current, page)) return;
  if (!trylock_page(current, page)) return;
  page_free_swap(current, page);
  unlock_page(current, page);
}

void reclaim_swap_cache(Task& current) {
  for (int slot = 0; slot < swap_of(current).size(); ++slot) {
    Page* const page = swap_cache_get_page(current, slot);
    if (page == nullptr) continue;
    lock_page(current, page);
    wait_on_page_writeback(current, page);
    page_free_swap(current, page);
    unlock_page(current, page);
    put_page(current, page);
  }
}

// --- IO ---

namespace {

// end_swap_bio_write.
void write_to_slot(Task& current, const DiskRequest& request) {
  Kernel& kernel = *current.kernel;
  Page* const page = request.page;
  DiskPage& contents = slot_of(current, static_cast<int>(request.slot)).contents;
  for (int word = 0; word < kernel.config.words; ++word) {
    act(current, event::WriteToSwap{.frame = kernel.pfn(page), .slot = request.slot, .word = as_fact(word)},
        [&](event::WriteToSwap& found) {
          found.value = kernel.frame(page).words[word].load(std::memory_order_relaxed);
          contents.words[word].store(found.value, std::memory_order_relaxed);
        });
  }
  end_swap_writeback(current, page);
}

// end_swap_bio_read: the page is up to date then, which unlocks it.
void read_from_slot(Task& current, const DiskRequest& request) {
  Kernel& kernel = *current.kernel;
  Page* const page = request.page;
  const DiskPage& contents = slot_of(current, static_cast<int>(request.slot)).contents;
  act(current, event::ReadFromSwap{.frame = kernel.pfn(page), .slot = request.slot, .words = {}},
      [&](event::ReadFromSwap& found) {
        for (int word = 0; word < kernel.config.words; ++word) {
          const Word value = contents.words[word].load(std::memory_order_relaxed);
          kernel.frame(page).words[word].store(value, std::memory_order_relaxed);
          found.words[static_cast<std::size_t>(word)] = value;
        }
        page->flags.set(PG_uptodate, std::memory_order_release);
      });
  unlock_page(current, page);
}

}  // namespace

void swap_writepage(Task& current, Page* page) {
  if (page_free_swap(current, page)) return unlock_page(current, page);
  const int slot = page->swap_slot;
  const DiskRequest request{.page = page, .slot = as_fact(slot), .writes = true, .end = write_to_slot};
  start_swap_writeback(current, page);
  if (SwapSpace::answers_at_once(slot)) {
    // bdev_write_page
    write_to_slot(current, request);
    unlock_page(current, page);
  } else {
    unlock_page(current, page);
    submit_io(current, request);
  }
}

void swap_readpage(Task& current, Page* page, int slot) {
  const DiskRequest request{.page = page, .slot = as_fact(slot), .end = read_from_slot};
  SwapSpace::answers_at_once(slot) ? read_from_slot(current, request) : submit_io(current, request);
}

}  // namespace shootdown
