#include "engine/kernel/rmap.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/kernel/anon_vma.h"
#include "engine/kernel/bug.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

void page_add_file_rmap(Task& current, Page* page) {
  act(current, event::AddRmap{.page = folio_fact(current, page)}, [&](event::AddRmap& found) {
    found.mapcount = page->folio()->mapcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
}

namespace {

// From now on the page leads there.
void lead_to(Page* page, AnonVma* anon_vma) {
  const Unwatched unwatched;
  page->anon_vma_lives.store(anon_vma->lives.load(std::memory_order_relaxed), std::memory_order_relaxed);
  page->anon_vma.store(anon_vma, std::memory_order_release);
}

// What __page_set_anon_rmap looks at first.
void check_anon_vma(const Task& current, const Vma& vma) {
  const bool missing = vma.anon_vma.load(std::memory_order_relaxed) == nullptr;
  bug_on(current, missing, "BUG_ON in __page_set_anon_rmap: the mapping has no anon_vma");
}

// The rest of it. Nobody else can find the page yet.
void set_anon_rmap(Page* page, const Vma& vma, int address, bool exclusive) {
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  page->index = static_cast<std::uint16_t>(vma.pgoff + (address - vma.start));
  lead_to(page, exclusive ? anon_vma : anon_vma->root.load(std::memory_order_relaxed));
}

}  // namespace

void page_add_new_anon_rmap(Task& current, Page* page, const Vma& vma, int address) {
  check_anon_vma(current, vma);
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
  bug_on(current, !page_locked(current, page), "VM_BUG_ON_PAGE in page_add_anon_rmap: the page is not locked");
  check_anon_vma(current, vma);
  const auto added = act(current, event::AddRmap{.page = frame_fact(current, page)}, [&](event::AddRmap& found) {
    if (!page_anon(current, page)) set_anon_rmap(page, vma, address, exclusive);
    found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
  bug_on(current, added.mapcount > 1 && (exclusive || page_anon_exclusive(current, page)),
         "VM_BUG_ON_PAGE in page_add_anon_rmap: the page is exclusive, and mapped elsewhere");
  if (exclusive) set_anon_exclusive(current, page, true);
  also_reads(current, {.kind = Places::Kind::anon_vma, .count = as_fact(current.kernel->anon_vmas.size())});
  also_reads(current, places::of_mm(Places::Kind::mappings, vma.mm));
  also_writes(current, places::identity(frame_fact(current, page)));
}

void page_move_anon_rmap(Task& current, Page* page, const Vma& vma) {
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  bug_on(current, !page_locked(current, page), "VM_BUG_ON_FOLIO in page_move_anon_rmap: the folio is not locked");
  bug_on(current, anon_vma == nullptr, "VM_BUG_ON_VMA in page_move_anon_rmap: the mapping has no anon_vma");
  set_anon_exclusive(current, page, true);
  also_reads(current, places::of_mm(Places::Kind::mappings, vma.mm));
  also_writes(current, places::identity(frame_fact(current, page)));
  lead_to(page, anon_vma);
}

bool page_try_share_anon_rmap(Task& current, Page* page) {
  if (page_maybe_dma_pinned(current, page) && !planted(current, Defect::pinned_page_shared)) return false;
  set_anon_exclusive(current, page, false);
  return true;
}

void page_remove_rmap(Task& current, Page* page, int pages) {
  act(current, event::RemoveRmap{.page = folio_fact(current, page)}, [&](event::RemoveRmap& found) {
    found.mapcount = page->folio()->mapcount.fetch_sub(pages, std::memory_order_acq_rel) - pages;
  });
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
      current, event::ReadMapcount{.page = folio_fact(current, page), .for_mkclean = static_cast<Fact>(for_mkclean)},
      [&](event::ReadMapcount& found) { found.mapcount = page->folio()->mapcount.load(std::memory_order_acquire); });
  return look.mapcount;
}

namespace {

// A place at which a page may be mapped, or pages of a folio in a row.
struct Place {
  const Vma& vma;
  Mm& mm;
  int address;
  Page* page;
  int pages = 1;
};

// One page there, and the entry that maps it.
struct Mapped {
  Page* page;
  int address;
  Pte pte;
};

// How page_vma_mapped_walk looks.
struct Look {
  // PVMW_SYNC: takes the lock before it looks at the entry, even if that is none. Whoever zaps is waited for.
  bool sync = false;
  // PVMW_MIGRATION: for entries that say that the page is being moved.
  bool migration = false;
};

// page_vma_mapped_walk of [first, end) of a place, which is in one page table: calls visit(mapped) for each page that is mapped
// there, with the page-table lock held, until it returns false. Returns whether it came to the end. The lock is kept from the first
// entry that must be looked at on.
template <typename Visit>
bool walk_one_table(Task& current, const Place& place, int first, int end, Look look, const Visit& visit) {
  const auto is_such = [look](Pte pte) {
    return look.migration ? pte.migrating() : pte.present() || pte.device_private();
  };
  bool locked = false;
  bool goes_on = true;
  for (int address = first; address < end && goes_on; ++address) {
    if (!locked && !look.sync && !is_such(ptep_get(current, place.mm, address))) continue;
    if (!locked) pte_lock(current, place.mm, address);
    locked = true;
    Page* const page = place.page + (address - place.address);
    const Pte pte = ptep_get(current, place.mm, address);
    if (is_such(pte) && pte.frame() == current.kernel->pfn(page)) goes_on = visit(Mapped{page, address, pte});
  }
  if (locked) pte_unlock(current, place.mm, first);
  return goes_on;
}

// page_vma_mapped_walk. Where there is no page table nobody zaps.
template <typename Visit>
bool page_vma_mapped_walk(Task& current, const Place& place, Look look, const Visit& visit) {
  return each_page_table(current, place.mm, place.address, place.address + place.pages,
                         [&](int first, int end) { return walk_one_table(current, place, first, end, look, visit); });
}

// rmap_walk_file: calls visit(place) for each at which the folio, which is a file's, may be mapped, until it returns false. It is
// locked. With `try_lock` nobody is waited for. Returns whether all were to be had.
template <typename Visit>
bool rmap_walk_file(Task& current, Page* page, bool try_lock, const Visit& visit) {
  Page* const folio = page->folio();
  bug_on(current, !page_locked(current, folio), "VM_BUG_ON_FOLIO in rmap_walk_file: the folio is not locked");
  if (folio->mapping < 0) return true;
  const Kernel& kernel = *current.kernel;
  AddressSpace& file = kernel.files[folio->mapping];
  if (!try_lock) {
    file.i_mmap_rwsem.down_read(current);
  } else if (!file.i_mmap_rwsem.down_read_trylock(current)) {
    return false;
  }
  for (int i = 0; i < file.i_mmap_count; ++i) {
    const Vma& vma = *file.i_mmap[i];
    const int index = folio->index;
    const int first = std::max<int>(index, vma.pgoff);
    const int end = std::min(index + folio->nr_pages(), vma.pgoff + (vma.end - vma.start));
    if (first >= end) continue;
    if (!visit(Place{vma, kernel.mms[vma.mm], vma.start + (first - vma.pgoff), folio + (first - index), end - first}))
      break;
  }
  file.i_mmap_rwsem.up_read(current);
  return true;
}

// What rmap_walk_anon does to an anon_vma that is locked.
template <typename Visit>
void visit_places(Task& current, const AnonVma* anon_vma, Page* page, const Visit& visit) {
  rmap_walk_anon(current, anon_vma, page,
                 [&](Vma& vma, int address) { return visit(Place{vma, current.kernel->mms[vma.mm], address, page}); });
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

// ptep_clear_flush; the mistake is not to flush.
Pte clear_and_flush(Task& current, Mm& mm, int address, Defect without_flush) {
  return planted(current, without_flush) ? ptep_get_and_clear(current, mm, address)
                                         : ptep_clear_flush(current, mm, address);
}

// page_vma_mkclean_one, of one entry. Returns whether there was anything to do.
bool clean_entry(Task& current, Mm& mm, const Mapped& mapped) {
  if (!mapped.pte.dirty() && !mapped.pte.write()) return false;
  const Pte entry = clear_and_flush(current, mm, mapped.address, Defect::mkclean_without_flush);
  const Pte kept = planted(current, Defect::mkclean_keeps_writable) ? entry : entry.wrprotect();
  set_pte_at(current, mm, mapped.address, kept.mkclean());
  return true;
}

}  // namespace

int page_mkclean(Task& current, Page* page) {
  bug_on(current, !page_locked(current, page), "BUG_ON in folio_mkclean: the folio is not locked");
  if (!page_mapped(current, page, true)) return 0;
  const Look look{.sync = !planted(current, Defect::mkclean_without_sync)};
  int cleaned = 0;
  rmap_walk_file(current, page, false, [&](const Place& place) {
    if (!place.vma.is_shared()) return true;  // invalid_mkclean_vma: it only reads
    if (cleaned != 0 && planted(current, Defect::mkclean_first_mapping_only)) return false;
    page_vma_mapped_walk(current, place, look, [&](const Mapped& mapped) {
      if (clean_entry(current, place.mm, mapped)) ++cleaned;
      return true;
    });
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
    return page_vma_mapped_walk(current, place, {}, [&](const Mapped& mapped) {
      if (ptep_clear_flush_young(current, place.mm, mapped.address) && counts) ++referenced;
      return --left != 0;
    });
  });
  return walked ? referenced : -1;
}

namespace {

// should_defer_flush: other CPUs would have to be asked.
bool should_defer_flush(const Task& current, const Mm& mm) {
  also_reads(current, places::of_mm(Places::Kind::cpumask, mm.number));
  return (mm.cpumask.load(std::memory_order_acquire) & ~cpu_bit(current.cpu)) != 0;
}

// Whoever needs a page that was freed lazily gets another one as soon as the entry is none, and may write to that. Linux looks at
// nothing here.
bool may_be_replaced(Task& current, Page* page) {
  const bool freed_lazily = page_anon(current, page) && !is_swapbacked(current, page);
  return freed_lazily && !planted(current, Defect::replaced_before_flush);
}

// Takes the entry out of the page table, to be flushed now or, for many, later.
Pte nuke_entry(Task& current, Mm& mm, const Mapped& mapped, TtuFlags flags) {
  const bool defers = flags.batch_flush && should_defer_flush(current, mm) && !may_be_replaced(current, mapped.page);
  if (!defers) return ptep_clear_flush(current, mm, mapped.address);
  const Pte pte = ptep_get_and_clear(current, mm, mapped.address);
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
  if (exclusive && !page_try_share_anon_rmap(current, page)) {
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
bool replace_entry(Task& current, Mm& mm, const Mapped& mapped, Pte was) {
  if (!page_anon(current, mapped.page)) {
    add_mm_counter(current, mm, MM_FILEPAGES, -1);
    return true;
  }
  Pte pte = was;
  const bool unmaps = entry_of_unmapped(current, mm, mapped.page, pte);
  if (!pte.none()) set_pte_at(current, mm, mapped.address, pte);
  if (!unmaps && !is_swapbacked(current, mapped.page)) set_page_swapbacked(current, mapped.page, true);
  return unmaps;
}

// What takes the place of an entry whose page has failed counts no page.
void poison_entry(Task& current, Mm& mm, const Mapped& mapped) {
  if (!planted(current, Defect::hwpoison_still_counted))
    add_mm_counter(current, mm, mm_counter(current, mapped.page), -1);
  set_pte_at(current, mm, mapped.address, Pte::poison());
}

// try_to_unmap_one, of one entry. False: the page stays mapped here.
bool unmap_entry(Task& current, Mm& mm, const Mapped& mapped, TtuFlags flags) {
  Pte pte = nuke_entry(current, mm, mapped, flags);
  if (planted(current, Defect::unmapped_bits_read_early)) pte = mapped.pte;
  if (pte.dirty() && !planted(current, Defect::unmapped_dirty_bit_dropped)) set_page_dirty(current, mapped.page);
  if (flags.hwpoison) poison_entry(current, mm, mapped);
  if (!flags.hwpoison && !replace_entry(current, mm, mapped, pte)) return false;
  page_remove_rmap(current, mapped.page);
  put_page(current, mapped.page);
  return true;
}

}  // namespace

void try_to_unmap(Task& current, Page* page, TtuFlags flags) {
  rmap_walk(current, page, false, [&](const Place& place) {
    const auto unmap = [&](const Mapped& mapped) { return unmap_entry(current, place.mm, mapped, flags); };
    return page_vma_mapped_walk(current, place, {.sync = flags.sync}, unmap) && page_mapped(current, page);
  });
}

// --- migration ---

namespace {

// try_to_migrate_one, of one entry: it says from now on that the page is being moved, and how it was mapped. False: it is as it was.
// Of an entry that leads to a device's private memory no CPU has a translation.
bool set_migration_entry(Task& current, Mm& mm, const Mapped& mapped) {
  Page* const page = mapped.page;
  const Pte pte = clear_and_flush(current, mm, mapped.address, Defect::migrated_without_flush);
  if (pte.dirty() && !planted(current, Defect::migrated_dirty_bit_dropped)) set_page_dirty(current, page);
  const bool exclusive = page_anon(current, page) && page_anon_exclusive(current, page);
  const bool moves = !exclusive || page_try_share_anon_rmap(current, page);
  set_pte_at(current, mm, mapped.address, moves ? Pte::migration(pte, exclusive) : pte);
  if (!moves) return false;
  page_remove_rmap(current, page);
  put_page(current, page);
  return true;
}

// The entry for a page that has been moved, where a migration entry was.
Pte moved_entry(Task& current, const Vma& vma, Page* page, Pte entry) {
  Pte pte = mk_pte(current, vma, page);
  if (entry.young()) pte = pte.mkyoung();
  also_reads(current, places::flags(folio_fact(current, page)));
  if (page->test(PG_dirty) && entry.dirty()) pte = pte.mkdirty();
  if (entry.write() && !vma.is_read_only()) return pte.mkwrite();
  // That whoever may write to the mapping could not write to the page, 6.12 forgets.
  return entry.write() || current.kernel->engine.since_6_12() ? pte : pte.wrprotect();
}

// remove_migration_pte, of one entry, for the page that has taken the place of the one there.
void remove_migration_entry(Task& current, const Place& place, const Mapped& mapped, Page* page) {
  get_page(current, page);
  Pte pte = moved_entry(current, place.vma, page, mapped.pte);
  if (current.kernel->is_device_private_page(page) && !planted(current, Defect::private_page_present))
    pte = Pte::private_to_device(pte);
  if (page_anon(current, page)) {
    page_add_anon_rmap(current, page, place.vma, mapped.address, mapped.pte.swp_exclusive());
  } else {
    page_add_file_rmap(current, page);
  }
  set_pte_at(current, place.mm, mapped.address, pte);
}

}  // namespace

void inherit_anon_vma(Task& current, const Page* from, Page* to) {
  also_reads(current, places::identity(frame_fact(current, from)));
  also_writes(current, places::identity(frame_fact(current, to)));
  to->index = from->index;
  to->anon_vma_lives.store(from->anon_vma_lives.load(std::memory_order_relaxed), std::memory_order_relaxed);
  to->anon_vma.store(from->anon_vma.load(std::memory_order_relaxed), std::memory_order_release);
}

void try_to_migrate(Task& current, Page* page, bool sync) {
  rmap_walk(current, page, false, [&](const Place& place) {
    const auto set = [&](const Mapped& mapped) { return set_migration_entry(current, place.mm, mapped); };
    return page_vma_mapped_walk(current, place, {.sync = sync}, set) && page_mapped(current, page);
  });
}

void remove_migration_ptes(Task& current, AnonVma* anon_vma, Page* old_folio, Page* folio) {
  // Where a page is mapped is found by what it leads to; what the entries say is the old one.
  const auto remove = [&](Place place) {
    place.page = old_folio + (place.page - folio);
    page_vma_mapped_walk(current, place, {.sync = true, .migration = true}, [&](const Mapped& mapped) {
      remove_migration_entry(current, place, mapped, folio + (mapped.page - old_folio));
      return true;
    });
    return true;
  };
  if (anon_vma == nullptr) {
    rmap_walk_file(current, folio, false, remove);
  } else {
    // The page is not mapped, so it is the reference by which this is known to be there.
    anon_vma_lock_read(current, anon_vma);
    visit_places(current, anon_vma, folio, remove);
    anon_vma_unlock_read(current, anon_vma);
  }
}

// --- what a device has to itself ---

namespace {

// page_make_device_exclusive_one, of one entry: who faults on it from now on waits for the device. Returns whether it was writable.
bool make_entry_exclusive(Task& current, Mm& mm, const Mapped& mapped) {
  const Pte pte = clear_and_flush(current, mm, mapped.address, Defect::made_exclusive_without_flush);
  if (pte.dirty()) set_page_dirty(current, mapped.page);
  set_pte_at(current, mm, mapped.address, Pte::exclusive_to_device(pte));
  page_remove_rmap(current, mapped.page);
  return pte.write();
}

}  // namespace

bool make_device_exclusive(Task& current, Page* page, const Mm& mm, int address) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  if (!page_anon(current, page)) return false;
  bool valid = false;
  rmap_walk(current, page, false, [&](const Place& place) {
    page_vma_mapped_walk(current, place, {}, [&](const Mapped& mapped) {
      const bool writable = make_entry_exclusive(current, place.mm, mapped);
      if (writable && &place.mm == &mm && mapped.address == address) valid = true;
      return true;
    });
    return page_mapped(current, page);
  });
  return valid && !page_mapped(current, page);
}

}  // namespace shootdown
