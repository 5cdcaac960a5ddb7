#include "engine/kernel/rmap.h"

#include "engine/check.h"
#include "engine/kernel/anon_vma.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

void page_add_file_rmap(Task& current, Page* page) {
  act(current, event::AddRmap{.page = frame_fact(current, page)},
      [&](event::AddRmap& found) { found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1; });
}

namespace {

// From now on the page leads there.
void lead_to(Page* page, AnonVma* anon_vma) {
  SHOOTDOWN_CHECK(anon_vma != nullptr);
  const Unwatched unwatched;
  page->anon_vma_lives.store(anon_vma->lives.load(std::memory_order_relaxed), std::memory_order_relaxed);
  page->anon_vma.store(anon_vma, std::memory_order_release);
}

// __page_set_anon_rmap. Nobody else can find the page yet.
void set_anon_rmap(Page* page, const Vma& vma, int address, bool exclusive) {
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  page->index = static_cast<std::uint16_t>(vma.pgoff + (address - vma.start));
  lead_to(page, exclusive ? anon_vma : anon_vma->root.load(std::memory_order_relaxed));
}

}  // namespace

void page_add_new_anon_rmap(Task& current, Page* page, const Vma& vma, int address) {
  act(current, event::AddRmap{.page = frame_fact(current, page)}, [&](event::AddRmap& found) {
    set_anon_rmap(page, vma, address, true);
    found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
  set_anon_exclusive(current, page, true);
  also_reads(current, places::of_mm(Places::Kind::mappings, vma.mm));
  also_writes(current, places::identity(frame_fact(current, page)));
}

bool page_try_dup_anon_rmap(Task& current, Page* page) {
  if (page_anon_exclusive(current, page) && page_maybe_dma_pinned(current, page) &&
      !planted(current, Defect::pinned_page_forked))
    return false;
  act(current, event::AddRmap{.page = frame_fact(current, page)}, [&](event::AddRmap& found) {
    page->flags.clear(PG_anon_exclusive, std::memory_order_relaxed);
    found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
  also_writes(current, places::flags(frame_fact(current, page)));
  return true;
}

void page_add_anon_rmap(Task& current, Page* page, const Vma& vma, int address, bool exclusive) {
  act(current, event::AddRmap{.page = frame_fact(current, page)}, [&](event::AddRmap& found) {
    if (!page_anon(current, page)) set_anon_rmap(page, vma, address, exclusive);
    found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
  if (exclusive) set_anon_exclusive(current, page, true);
  also_reads(current, {.kind = Places::Kind::anon_vma, .count = as_fact(current.kernel->anon_vmas.size())});
  also_reads(current, places::of_mm(Places::Kind::mappings, vma.mm));
  also_writes(current, places::identity(frame_fact(current, page)));
}

void page_move_anon_rmap(Task& current, Page* page, const Vma& vma) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  set_anon_exclusive(current, page, true);
  also_reads(current, places::of_mm(Places::Kind::mappings, vma.mm));
  also_writes(current, places::identity(frame_fact(current, page)));
  lead_to(page, vma.anon_vma.load(std::memory_order_relaxed));
}

void page_remove_rmap(Task& current, Page* page) {
  act(current, event::RemoveRmap{.page = frame_fact(current, page)},
      [&](event::RemoveRmap& found) { found.mapcount = page->mapcount.fetch_sub(1, std::memory_order_acq_rel) - 1; });
}

void set_anon_exclusive(Task& current, Page* page, bool exclusive) {
  also_writes(current, places::flags(frame_fact(current, page)));
  if (exclusive) {
    page->flags.set(PG_anon_exclusive, std::memory_order_relaxed);
  } else {
    page->flags.clear(PG_anon_exclusive, std::memory_order_relaxed);
  }
}

bool page_mapped(Task& current, Page* page, bool for_mkclean) {
  return page_mapcount(current, page, for_mkclean) > 0;
}

int page_mapcount(Task& current, Page* page, bool for_mkclean) {
  const auto look = act(
      current, event::ReadMapcount{.page = frame_fact(current, page), .for_mkclean = static_cast<Fact>(for_mkclean)},
      [&](event::ReadMapcount& found) { found.mapcount = page->mapcount.load(std::memory_order_acquire); });
  return look.mapcount;
}

namespace {

// A place at which a page may be mapped.
struct Place {
  const Vma& vma;
  Mm& mm;
  int address;
};

// How page_vma_mapped_walk looks.
struct Look {
  // PVMW_SYNC: takes the lock before it looks at the entry, even if that is none. Whoever zaps is waited for.
  bool sync = false;
  // PVMW_MIGRATION: for entries that say that the page is being moved.
  bool migration = false;
};

// page_vma_mapped_walk: whether the page is mapped at the place, by `entry`; then the page-table lock is held. Where there is no
// page table nobody zaps.
bool page_vma_mapped_walk(Task& current, const Place& place, const Page* page, Look look, Pte& entry) {
  if (pmd_none(current, place.mm, place.address)) return false;
  const auto is_such = [look](Pte pte) { return look.migration ? pte.migrating() : pte.present(); };
  if (!look.sync && !is_such(ptep_get(current, place.mm, place.address))) return false;
  pte_lock(current, place.mm, place.address);
  entry = ptep_get(current, place.mm, place.address);
  if (is_such(entry) && entry.frame() == current.kernel->pfn(page)) return true;
  pte_unlock(current, place.mm, place.address);
  return false;
}

// rmap_walk_file: calls visit(place) for each at which the page, which is a file's, may be mapped, until it returns false. The page
// is locked. With `try_lock` nobody is waited for. Returns whether all were to be had.
template <typename Visit>
bool rmap_walk_file(Task& current, const Page* page, bool try_lock, const Visit& visit) {
  if (page->mapping < 0) return true;
  const Kernel& kernel = *current.kernel;
  AddressSpace& file = kernel.files[page->mapping];
  if (!try_lock) {
    file.i_mmap_rwsem.down_read(current);
  } else if (!file.i_mmap_rwsem.down_read_trylock(current)) {
    return false;
  }
  for (int i = 0; i < file.i_mmap_count; ++i) {
    const Vma& vma = *file.i_mmap[i];
    const int length = vma.end - vma.start;
    if (page->index < vma.pgoff || page->index >= vma.pgoff + length) continue;
    if (!visit(Place{vma, kernel.mms[vma.mm], vma.start + (page->index - vma.pgoff)})) break;
  }
  file.i_mmap_rwsem.up_read(current);
  return true;
}

// What rmap_walk_anon does to an anon_vma that is locked.
template <typename Visit>
void visit_places(Task& current, const AnonVma* anon_vma, const Page* page, const Visit& visit) {
  rmap_walk_anon(current, anon_vma, page,
                 [&](Vma& vma, int address) { return visit(Place{vma, current.kernel->mms[vma.mm], address}); });
}

// rmap_walk, for a page that is mapped or nowhere to be found.
template <typename Visit>
bool rmap_walk(Task& current, Page* page, bool try_lock, const Visit& visit) {
  if (!page_anon(current, page)) return rmap_walk_file(current, page, try_lock, visit);
  bool contended = false;
  AnonVma* const anon_vma = page_lock_anon_vma_read(current, page, try_lock ? &contended : nullptr);
  if (anon_vma == nullptr) return !contended;
  visit_places(current, anon_vma, page, visit);
  anon_vma_unlock_read(current, anon_vma);
  return true;
}

// page_mkclean_one.
bool page_mkclean_one(Task& current, const Place& place, const Page* page) {
  Mm& mm = place.mm;
  Pte pte;
  const Look look{.sync = !planted(current, Defect::mkclean_without_sync)};
  if (!page_vma_mapped_walk(current, place, page, look, pte)) return false;
  const bool cleans = pte.dirty() || pte.write();
  if (cleans) {
    const bool flushes = !planted(current, Defect::mkclean_without_flush);
    const Pte entry =
        flushes ? ptep_clear_flush(current, mm, place.address) : ptep_get_and_clear(current, mm, place.address);
    const Pte kept = planted(current, Defect::mkclean_keeps_writable) ? entry : entry.wrprotect();
    set_pte_at(current, mm, place.address, kept.mkclean());
  }
  pte_unlock(current, mm, place.address);
  return cleans;
}

}  // namespace

int page_mkclean(Task& current, Page* page) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  if (!page_mapped(current, page, true)) return 0;
  int cleaned = 0;
  rmap_walk_file(current, page, false, [&](const Place& place) {
    if (!place.vma.is_shared()) return true;  // invalid_mkclean_vma: it only reads
    if (cleaned != 0 && planted(current, Defect::mkclean_first_mapping_only)) return false;
    if (page_mkclean_one(current, place, page)) ++cleaned;
    return true;
  });
  return cleaned;
}

// --- reclaim ---

int page_referenced(Task& current, Page* page) {
  int left = page_mapcount(current, page);
  if (left <= 0) return 0;
  int referenced = 0;
  const bool counts = vma_has_recency(current);
  const bool walked = rmap_walk(current, page, true, [&](const Place& place) {
    // 6.12 does not look, 6.1 forgets what it sees.
    if (!counts && current.kernel->engine.since_6_12()) return true;
    Pte pte;
    if (!page_vma_mapped_walk(current, place, page, {}, pte)) return true;
    if (ptep_clear_flush_young(current, place.mm, place.address) && counts) ++referenced;
    pte_unlock(current, place.mm, place.address);
    return --left != 0;
  });
  return walked ? referenced : -1;
}

namespace {

// page_try_share_anon_rmap: an anonymous page that is exclusive is not any more, unless a device may write to it: then it must stay
// where it is. Its entry is gone, so nobody can pin it any more who has not done so.
bool try_share_anon_rmap(Task& current, Page* page) {
  if (page_maybe_dma_pinned(current, page) && !planted(current, Defect::pinned_page_shared)) return false;
  set_anon_exclusive(current, page, false);
  return true;
}

// should_defer_flush: other CPUs would have to be asked.
bool should_defer_flush(const Task& current, const Mm& mm) {
  also_reads(current, places::of_mm(Places::Kind::cpumask, mm.number));
  return (mm.cpumask.load(std::memory_order_acquire) & ~cpu_bit(current.cpu)) != 0;
}

// Takes the entry out of the page table, to be flushed now or, for many, later.
Pte nuke_entry(Task& current, Mm& mm, int address, TtuFlags flags) {
  if (!flags.batch_flush || !should_defer_flush(current, mm)) return ptep_clear_flush(current, mm, address);
  const Pte pte = ptep_get_and_clear(current, mm, address);
  set_tlb_ubc_flush_pending(current, mm, pte.dirty() && !planted(current, Defect::unmapped_as_clean));
  return pte;
}

bool is_dirty(Task& current, Page* page) {
  return (page_flags(current, page) & PG_dirty) != 0;
}

// Whether the page, whose entry is gone, may be thrown away: nobody has a reference but who reclaims it and what maps it, and it
// has not been written to since it was freed lazily (MADV_FREE). The references before the dirty flag, as in __remove_mapping.
bool may_discard(Task& current, Page* page) {
  const bool looks_early = planted(current, Defect::lazy_dirty_before_refcount);
  if (looks_early && is_dirty(current, page)) return false;
  const int references = page_count(current, page);
  also_reads(current, places::mapcount(frame_fact(current, page)));
  const bool referenced = references != 1 + page->mapcount.load(std::memory_order_acquire);
  if (referenced && !planted(current, Defect::lazy_references_ignored)) return false;
  return looks_early || !is_dirty(current, page);
}

// What takes the place of an anonymous page's entry, which was `pte`; none: nothing does. False: the page is to stay mapped.
bool entry_of_unmapped(Task& current, Mm& mm, Page* page, Pte& pte) {
  if (!is_swapbacked(current, page)) {
    if (!may_discard(current, page)) return false;
    add_mm_counter(current, mm, MM_ANONPAGES, -1);
    pte = Pte();
    return true;
  }
  swap_duplicate(current, page->swap_slot);
  const bool exclusive = page_anon_exclusive(current, page);
  if (exclusive && !try_share_anon_rmap(current, page)) {
    swap_free(current, page->swap_slot);
    return false;
  }
  pte = Pte::swap(page->swap_slot);
  if (exclusive) pte = pte.swp_mkexclusive();
  add_mm_counter(current, mm, MM_ANONPAGES, -1);
  add_mm_counter(current, mm, MM_SWAPENTS, 1);
  return true;
}

// The same for any page, with the entry in its place.
bool replace_entry(Task& current, const Place& place, Page* page, Pte was) {
  if (!page_anon(current, page)) {
    add_mm_counter(current, place.mm, MM_FILEPAGES, -1);
    return true;
  }
  Pte pte = was;
  const bool unmaps = entry_of_unmapped(current, place.mm, page, pte);
  if (!pte.none()) set_pte_at(current, place.mm, place.address, pte);
  if (!unmaps && !is_swapbacked(current, page)) set_page_swapbacked(current, page, true);
  return unmaps;
}

// What takes the place of an entry whose page has failed counts no page.
void poison_entry(Task& current, const Place& place, const Page* page) {
  if (!planted(current, Defect::hwpoison_still_counted))
    add_mm_counter(current, place.mm, mm_counter(current, page), -1);
  set_pte_at(current, place.mm, place.address, Pte::poison());
}

// try_to_unmap_one. False: the page stays mapped here.
bool try_to_unmap_one(Task& current, const Place& place, Page* page, TtuFlags flags) {
  Pte found;
  if (!page_vma_mapped_walk(current, place, page, {.sync = flags.sync}, found)) return true;
  Pte pte = nuke_entry(current, place.mm, place.address, flags);
  if (planted(current, Defect::unmapped_bits_read_early)) pte = found;
  if (pte.dirty() && !planted(current, Defect::unmapped_dirty_bit_dropped)) set_page_dirty(current, page);
  if (flags.hwpoison) poison_entry(current, place, page);
  const bool unmaps = flags.hwpoison || replace_entry(current, place, page, pte);
  if (unmaps) page_remove_rmap(current, page);
  pte_unlock(current, place.mm, place.address);
  if (unmaps) put_page(current, page);
  return unmaps;
}

}  // namespace

void try_to_unmap(Task& current, Page* page, TtuFlags flags) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  rmap_walk(current, page, false, [&](const Place& place) {
    return try_to_unmap_one(current, place, page, flags) && page_mapped(current, page);
  });
}

// --- migration ---

namespace {

// try_to_migrate_one: the entry says from now on that the page is being moved, and how it was mapped. False: it is as it was.
bool try_to_migrate_one(Task& current, const Place& place, Page* page) {
  Pte found;
  if (!page_vma_mapped_walk(current, place, page, {}, found)) return true;
  const bool flushes = !planted(current, Defect::migrated_without_flush);
  const Pte pte = flushes ? ptep_clear_flush(current, place.mm, place.address)
                          : ptep_get_and_clear(current, place.mm, place.address);
  if (pte.dirty() && !planted(current, Defect::migrated_dirty_bit_dropped)) set_page_dirty(current, page);
  const bool exclusive = page_anon(current, page) && page_anon_exclusive(current, page);
  const bool moves = !exclusive || try_share_anon_rmap(current, page);
  set_pte_at(current, place.mm, place.address, moves ? Pte::migration(pte, exclusive) : pte);
  if (moves) page_remove_rmap(current, page);
  pte_unlock(current, place.mm, place.address);
  if (moves) put_page(current, page);
  return moves;
}

// The entry for a page that has been moved, where a migration entry was.
Pte moved_entry(Task& current, const Vma& vma, Page* page, Pte entry) {
  Pte pte = Pte::mapping(current.kernel->pfn(page));
  if (entry.young()) pte = pte.mkyoung();
  also_reads(current, places::flags(frame_fact(current, page)));
  if (page->test(PG_dirty) && entry.dirty()) pte = pte.mkdirty();
  if (entry.write() && !vma.read_only) pte = pte.mkwrite();
  return pte;
}

// remove_migration_pte.
void remove_migration_pte(Task& current, const Place& place, Page* old_page, Page* page) {
  Pte entry;
  if (!page_vma_mapped_walk(current, place, old_page, {.sync = true, .migration = true}, entry)) return;
  get_page(current, page);
  const Pte pte = moved_entry(current, place.vma, page, entry);
  if (page_anon(current, page)) {
    page_add_anon_rmap(current, page, place.vma, place.address, entry.swp_exclusive());
  } else {
    page_add_file_rmap(current, page);
  }
  set_pte_at(current, place.mm, place.address, pte);
  pte_unlock(current, place.mm, place.address);
}

}  // namespace

void inherit_anon_vma(Task& current, const Page* from, Page* to) {
  also_reads(current, places::identity(frame_fact(current, from)));
  also_writes(current, places::identity(frame_fact(current, to)));
  to->index = from->index;
  to->anon_vma_lives.store(from->anon_vma_lives.load(std::memory_order_relaxed), std::memory_order_relaxed);
  to->anon_vma.store(from->anon_vma.load(std::memory_order_relaxed), std::memory_order_release);
}

void try_to_migrate(Task& current, Page* page) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  rmap_walk(current, page, false,
            [&](const Place& place) { return try_to_migrate_one(current, place, page) && page_mapped(current, page); });
}

void remove_migration_ptes(Task& current, AnonVma* anon_vma, Page* old_page, Page* page) {
  const auto remove = [&](const Place& place) {
    remove_migration_pte(current, place, old_page, page);
    return true;
  };
  if (anon_vma == nullptr) {
    rmap_walk_file(current, page, false, remove);
  } else {
    // The page is not mapped, so it is the reference by which this is known to be there.
    anon_vma_lock_read(current, anon_vma);
    visit_places(current, anon_vma, page, remove);
    anon_vma_unlock_read(current, anon_vma);
  }
}

// --- what a device has to itself ---

namespace {

// page_make_device_exclusive_one: who faults on the entry from now on waits for the device. Returns whether it was writable.
bool make_device_exclusive_one(Task& current, const Place& place, Page* page) {
  Pte found;
  if (!page_vma_mapped_walk(current, place, page, {}, found)) return false;
  const bool flushes = !planted(current, Defect::made_exclusive_without_flush);
  const Pte pte = flushes ? ptep_clear_flush(current, place.mm, place.address)
                          : ptep_get_and_clear(current, place.mm, place.address);
  if (pte.dirty()) set_page_dirty(current, page);
  set_pte_at(current, place.mm, place.address, Pte::exclusive_to_device(pte));
  page_remove_rmap(current, page);
  pte_unlock(current, place.mm, place.address);
  return pte.write();
}

}  // namespace

bool make_device_exclusive(Task& current, Page* page, const Mm& mm, int address) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  if (!page_anon(current, page)) return false;
  bool valid = false;
  rmap_walk(current, page, false, [&](const Place& place) {
    const bool writable = make_device_exclusive_one(current, place, page);
    if (writable && &place.mm == &mm && place.address == address) valid = true;
    return page_mapped(current, page);
  });
  return valid && !page_mapped(current, page);
}

}  // namespace shootdown
