#include "engine/kernel/swap_fault.h"

#include "engine/kernel/bug.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

namespace {

// A page that is to be mapped.
struct SwappedIn {
  Page* page = nullptr;     // with a reference; null: there is none
  bool in_cache = false;    // it is the swap cache's, too
  bool holds_slot = false;  // others are kept from reading it in (swapcache_prepare)
  bool again = false;       // somebody else reads it in: the program is to try again
};

// For the only one who wants it, of an area that answers at once: a page that nobody else can find.
SwappedIn read_in_alone(Task& current, int slot) {
  if (!swapcache_prepare(current, slot)) {
    wait_for_swap_cache(current, slot);
    return {.again = true};
  }
  Page* const page = alloc_anon_page(current, false);
  if (page != nullptr) {
    lock_new_page(current, page);
    swap_readpage(current, page, slot);
  }
  return {.page = page, .holds_slot = true};
}

SwappedIn find_or_read_in(Task& current, int slot) {
  if (Page* const page = swap_cache_get_page(current, slot)) return {.page = page, .in_cache = true};
  if (SwapSpace::answers_at_once(slot) && swap_count(current, slot) == 1) return read_in_alone(current, slot);
  return {.page = read_swap_cache_async(current, slot), .in_cache = true};
}

// Whether the page, which is locked, still is the slot's.
bool is_of_slot(Task& current, const SwappedIn& in, int slot) {
  also_reads(current, places::identity(frame_fact(current, in.page)));
  return !in.in_cache || (page_swapcache(current, in.page) && in.page->swap_slot == slot);
}

// Whether nobody else can have what is in the page. One that is being written may change only where the area allows that.
bool is_exclusive(const Task& current, const SwappedIn& in, int slot, Pte orig_pte) {
  if (!in.in_cache) return true;
  also_reads(current, places::flags(frame_fact(current, in.page)));
  return orig_pte.swp_exclusive() && !(SwapSpace::answers_at_once(slot) && in.page->test(PG_writeback));
}

// should_try_to_free_swap.
bool should_try_to_free_swap(Task& current, Page* page, bool write) {
  if (!page_swapcache(current, page)) return false;
  return vm_swap_full(current) || (write && page_count(current, page) == 2);
}

// The rest, when the page is locked, up to date, and the entry still leads to the slot: under the page-table lock. Returns the entry.
Pte map_page(Task& current, Vma& vma, int address, const SwappedIn& in, int slot, Pte orig_pte, bool& write) {
  Mm& mm = current.kernel->mms[vma.mm];
  Page* const page = in.page;
  bug_on(current, page_anon_exclusive(current, page), "BUG_ON in do_swap_page: the page is exclusive");
  const bool exclusive = is_exclusive(current, in, slot, orig_pte);
  swap_free(current, slot);
  if (should_try_to_free_swap(current, page, write)) page_free_swap(current, page);
  add_mm_counter(current, mm, MM_ANONPAGES, 1);
  add_mm_counter(current, mm, MM_SWAPENTS, -1);
  Pte pte = Pte::mapping(current.kernel->pfn(page)).mkyoung();
  const bool alone = exclusive || page_count(current, page) == 1;
  if (alone) {
    if (write) pte = pte.mkdirty();
    if (write || (current.kernel->engine.since_6_12() && !vma.is_read_only())) pte = pte.mkwrite();
    write = false;
  }
  page_add_anon_rmap(current, page, vma, address, alone);
  set_pte_at(current, mm, address, pte);
  return pte;
}

// Maps the page, which is locked, and unlocks it; or drops it, because the entry is another by now.
VmFault finish_swap_fault(Task& current, Vma& vma, int address, const SwappedIn& in, Pte orig_pte, bool write) {
  Mm& mm = current.kernel->mms[vma.mm];
  const int slot = static_cast<int>(orig_pte.slot());
  pte_lock(current, mm, address);
  if (ptep_get(current, mm, address) != orig_pte) {
    pte_unlock(current, mm, address);
    unlock_page(current, in.page);
    put_page(current, in.page);
    return VmFault::none;
  }
  const Pte pte = map_page(current, vma, address, in, slot, orig_pte, write);
  unlock_page(current, in.page);
  if (write) return do_wp_page(current, vma, address, pte);
  pte_unlock(current, mm, address);
  return VmFault::none;
}

// There was no memory; unless somebody else has seen to the fault.
VmFault out_of_memory(Task& current, Mm& mm, int address, Pte orig_pte) {
  pte_lock(current, mm, address);
  const bool unchanged = ptep_get(current, mm, address) == orig_pte;
  pte_unlock(current, mm, address);
  return unchanged ? VmFault::oom : VmFault::none;
}

}  // namespace

VmFault do_swap_page(Task& current, Vma& vma, int address, Pte orig_pte, bool write) {
  const int slot = static_cast<int>(orig_pte.slot());
  const SwappedIn in = find_or_read_in(current, slot);
  if (in.again) return VmFault::none;
  VmFault fault = VmFault::none;
  if (in.page == nullptr) {
    fault = out_of_memory(current, current.kernel->mms[vma.mm], address, orig_pte);
  } else {
    lock_page(current, in.page);
    if (is_of_slot(current, in, slot)) {
      fault = finish_swap_fault(current, vma, address, in, orig_pte, write);
    } else {
      unlock_page(current, in.page);
      put_page(current, in.page);
    }
  }
  if (in.holds_slot) swapcache_clear(current, slot);
  return fault;
}

}  // namespace shootdown
