#include "engine/kernel/device_private.h"

#include "engine/kernel/anon_vma.h"
#include "engine/kernel/gup.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/migrate.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

namespace {

// remove_migration_ptes, of who holds the mmap_lock of an mm that maps the page: so its anon_vma is there.
void map_again(Task& current, Page* old_page, Page* page) {
  remove_migration_ptes(current, page_anon_vma(current, page), old_page, page);
}

// --- migrate_vma_setup ---

// What is to move from a place.
struct Source {
  Page* page = nullptr;  // with a reference, and locked
  bool is_hole = false;  // there is no page, but there could be one
  bool write = false;    // MIGRATE_PFN_WRITE: the program could write to it
  Pte there;             // it is at the device already, by this entry
};

// What migrate_vma_collect_pmd does to the entry of a page that is locked. False: a device may write to the page where it is.
bool collect_page(Task& current, Mm& mm, int address, Page* page) {
  const bool exclusive = page_anon_exclusive(current, page);
  const bool flushes = exclusive && !planted(current, Defect::collected_without_flush);
  const Pte pte = flushes ? ptep_clear_flush(current, mm, address) : ptep_get_and_clear(current, mm, address);
  if (exclusive && !page_try_share_anon_rmap(current, page)) {
    set_pte_at(current, mm, address, pte);
    return false;
  }
  if (pte.dirty() && !planted(current, Defect::collected_dirty_bit_dropped)) set_page_dirty(current, page);
  set_pte_at(current, mm, address, Pte::migration(pte, exclusive));
  page_remove_rmap(current, page);
  put_page(current, page);
  return true;
}

// The same of a page that is not: whether it could be had.
bool lock_and_collect(Task& current, Mm& mm, int address, Page* page) {
  get_page(current, page);
  if (trylock_page(current, page)) {
    if (collect_page(current, mm, address, page)) return true;
    unlock_page(current, page);
  }
  put_page(current, page);
  return false;
}

// migrate_vma_collect_pmd, of one place.
Source collect(Task& current, const Vma& vma, int address) {
  Mm& mm = current.kernel->mms[vma.mm];
  const Source hole{.is_hole = vma.is_anonymous(), .write = !vma.is_read_only()};
  if (pmd_none(current, mm, address)) return hole;
  pte_lock(current, mm, address);
  const Pte pte = ptep_get(current, mm, address);
  Page* const page = pte.present() ? vm_normal_page(current, pte) : nullptr;
  Source source = pte.none() || pte.special() ? hole : Source{};
  if (pte.device_private()) source.there = pte;
  if (page != nullptr && page_anon(current, page) && lock_and_collect(current, mm, address, page))
    source = {.page = page, .write = pte.write()};
  const bool flushes = source.page != nullptr && !planted(current, Defect::collected_without_flush);
  const bool flushes_late = planted(current, Defect::collected_flushed_late);
  if (flushes && !flushes_late) flush_tlb_page(current, mm, address);
  pte_unlock(current, mm, address);
  if (flushes && flushes_late) flush_tlb_page(current, mm, address);
  return source;
}

// migrate_vma_check_page: whether nobody else has a reference. The page is mapped nowhere, and whoever has isolated it has one.
bool check_page(Task& current, Page* page) {
  return page_count(current, page) == 1 + static_cast<int>(page_swapcache(current, page));
}

// What migrate_device_unmap does to a page that is isolated. False: it is in use.
bool unmap(Task& current, Page* page) {
  if (page_mapped(current, page)) try_to_migrate(current, page);
  return !page_mapped(current, page) && check_page(current, page);
}

// migrate_device_unmap. False: the page is mapped again, and let go of.
bool isolate_and_unmap(Task& current, Page* page) {
  if (isolate_lru_page(current, page)) {
    put_page(current, page);
    if (unmap(current, page)) return true;
    get_page(current, page);
    putback_lru_page(current, page);
  }
  map_again(current, page, page);
  unlock_page(current, page);
  put_page(current, page);
  return false;
}

// --- to the device ---

// dmirror_migrate_alloc_and_copy.
Page* copy_to_device(Task& current, Page* from) {
  Page* const to = alloc_device_page(current);
  if (from != nullptr) {
    copy_highpage<event::MoveWord>(current, to, from);
  } else {
    clear_highpage(current, to);
  }
  return to;
}

// What migrate_vma_pages does to a page. False: somebody else has a reference, or it is in the swap cache, out of which 6.12 tries to
// take it.
bool replace_source(Task& current, Page* from, Page* to) {
  if (page_swapcache(current, from) && !(current.kernel->engine.since_6_12() && page_free_swap(current, from)))
    return false;
  if (page_count(current, from) != 1) return false;
  inherit_anon_vma(current, from, to);
  folio_migrate_flags(current, from, to);
  return true;
}

// migrate_vma_insert_page. False: something is there by now.
bool insert_page(Task& current, Vma& vma, int address, Page* page) {
  Mm& mm = current.kernel->mms[vma.mm];
  pte_alloc(current, mm, address);
  anon_vma_prepare(current, vma);
  also_writes(current, places::flags(frame_fact(current, page)));
  page->flags.set(PG_uptodate | PG_swapbacked, std::memory_order_relaxed);
  pte_lock(current, mm, address);
  const Pte there = ptep_get(current, mm, address);
  const bool inserts = there.none() || there.special();
  if (inserts) {
    add_mm_counter(current, mm, MM_ANONPAGES, 1);
    page_add_new_anon_rmap(current, page, vma, address);
    get_page(current, page);
    if (there.special() && !planted(current, Defect::zeros_not_flushed)) ptep_clear_flush(current, mm, address);
    const Pte pte = Pte::mapping(current.kernel->pfn(page));
    set_pte_at(current, mm, address, Pte::private_to_device(vma.is_read_only() ? pte : pte.mkwrite()));
  }
  pte_unlock(current, mm, address);
  return inserts;
}

// migrate_vma_finalize, of what has been there.
void finalize_source(Task& current, Page* page, Page* to) {
  if (to == nullptr) put_on_lru(current, page);
  map_again(current, page, to != nullptr ? to : page);
  unlock_page(current, page);
  put_page(current, page);
}

// What the device does when the page is there. It is locked: who wants it back waits.
void write_there(Task& current, Page* page, int address, int word) {
  const UserPage there{page, current.kernel->machine.generation(current.kernel->pfn(page))};
  device_writes(current, there, address, word);
  if (!planted(current, Defect::private_left_clean)) set_page_dirty(current, page);
}

// From where dmirror_migrate_to_device has collected what there is.
void move_to_device(Task& current, Vma& vma, int address, const Source& source, int word) {
  Page* const to = copy_to_device(current, source.page);
  const bool moved =
      source.page != nullptr ? replace_source(current, source.page, to) : insert_page(current, vma, address, to);
  if (source.page != nullptr) finalize_source(current, source.page, moved ? to : nullptr);
  if (moved && source.write) write_there(current, to, address, word);
  unlock_page(current, to);
  put_page(current, to);
}

// The device has the page already. Unless somebody has it moved back first, the device writes to it.
void write_again(Task& current, int address, Pte entry, int word) {
  Mm& mm = *current.mm;
  Page* const page = get_swap_entry_page(current, mm, address, entry);
  if (page == nullptr) return;
  lock_page(current, page);
  pte_lock(current, mm, address);
  const bool same = ptep_get(current, mm, address) == entry;
  pte_unlock(current, mm, address);
  if (same && entry.write()) write_there(current, page, address, word);
  unlock_page(current, page);
  put_page(current, page);
}

}  // namespace

void migrate_to_device(Task& current, int page, int word) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  Vma* const vma = find_vma(mm, page);
  if (vma != nullptr && vma->start <= page && !vma->is_pfnmap()) {
    const Source source = collect(current, *vma, page);
    if (source.is_hole || (source.page != nullptr && isolate_and_unmap(current, source.page)))
      move_to_device(current, *vma, page, source, word);
    if (!source.there.none()) write_again(current, page, source.there, word);
  }
  mm.mmap_lock.up_read(current);
}

// --- back ---

namespace {

// migrate_vma_collect_pmd, of the entry of a page that is locked. False: it is another by now.
bool collect_private(Task& current, Mm& mm, int address, Page* page) {
  pte_lock(current, mm, address);
  const Pte pte = ptep_get(current, mm, address);
  const bool same = pte.device_private() && pte.frame() == current.kernel->pfn(page);
  if (same) {
    get_page(current, page);
    collect_page(current, mm, address, page);
  }
  pte_unlock(current, mm, address);
  return same;
}

// dmirror_devmem_fault, of a page that is locked and has been collected.
VmFault move_to_ram(Task& current, Page* page) {
  if (page_mapped(current, page)) try_to_migrate(current, page, true);
  Page* const to = page_mapped(current, page) ? nullptr : alloc_page(current);
  if (to != nullptr) {
    lock_new_page(current, to);
    copy_highpage<event::MoveWord>(current, to, page);
    inherit_anon_vma(current, page, to);
    folio_migrate_flags(current, page, to);
    put_on_lru(current, to);
  }
  map_again(current, page, to != nullptr ? to : page);
  put_page(current, page);
  if (to == nullptr) return VmFault::oom;
  unlock_page(current, to);
  put_page(current, to);
  return VmFault::none;
}

}  // namespace

VmFault migrate_to_ram(Task& current, const Vma& vma, int address, Pte entry) {
  Mm& mm = current.kernel->mms[vma.mm];
  Page* const page = get_swap_entry_page(current, mm, address, entry);
  if (page == nullptr) return VmFault::none;
  // Without its reference the page could be freed from now on.
  const bool holds = !planted(current, Defect::fault_holds_no_page);
  if (!holds) put_page(current, page);
  const bool locks = !planted(current, Defect::brought_back_unlocked);
  if (locks) lock_page(current, page);
  const VmFault fault = collect_private(current, mm, address, page) ? move_to_ram(current, page) : VmFault::none;
  if (locks) unlock_page(current, page);
  if (holds) put_page(current, page);
  return fault;
}

}  // namespace shootdown
