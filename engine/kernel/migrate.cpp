#include "engine/kernel/migrate.h"

#include "engine/kernel/anon_vma.h"
#include "engine/kernel/filemap.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/vmscan.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

void folio_migrate_flags(Task& current, const Page* from, Page* to) {
  constexpr Fact flags_that_move = PG_uptodate | PG_referenced | PG_active | PG_swapbacked | PG_dirty;
  also_reads(current, places::flags(frame_fact(current, from)));
  also_writes(current, places::flags(frame_fact(current, to)));
  to->flags.set(from->flags.load(std::memory_order_relaxed) & flags_that_move, std::memory_order_release);
}

void put_on_lru(Task& current, Page* page) {
  also_writes(current, places::flags(frame_fact(current, page)));
  page->flags.set(PG_lru, std::memory_order_release);
}

namespace {

// What came of a try.
enum class Migrated : std::uint8_t { moved, again, failed };

// __migrate_folio_unmap's beginning: the page is to be locked, and saved. False: it is in use; `force`: that is waited for.
bool lock_to_move(Task& current, Page* page, bool force) {
  if (!trylock_page(current, page)) {
    if (!force) return false;
    lock_page(current, page);
  }
  also_reads(current, places::flags(frame_fact(current, page)));
  if (!page->test(PG_writeback) || planted(current, Defect::migrated_under_writeback)) return true;
  if (force) {
    wait_on_page_writeback(current, page);
    return true;
  }
  unlock_page(current, page);
  return false;
}

// folio_migrate_mapping of a folio of a file. Its buffers go with it. False: somebody else has a reference.
bool replace_in_file(Task& current, Page* from, Page* to, AddressSpace& file) {
  also_reads(current, places::flags(frame_fact(current, from)));
  const int pages = from->nr_pages();
  const int references = 1 + pages + (from->test(PG_buffers) ? 1 : 0);
  constexpr Fact of_mapping = PG_dirty | PG_buffers | PG_buffers_dirty;
  file.i_pages_lock.lock_irq(current);
  const bool replaces = page_ref_freeze(current, from, references);
  if (replaces) {
    act(current, event::ReplaceInPageCache{.page = folio_fact(current, to)}, [&](event::ReplaceInPageCache& found) {
      const int first = from->index;
      found.page.file = file.number;
      found.page.index = as_fact(first);
      found.was = current.kernel->pfn(from);
      to->refcount.add(references - 1, std::memory_order_relaxed);
      to->flags.set(from->flags.load(std::memory_order_relaxed) & of_mapping, std::memory_order_relaxed);
      from->flags.clear(of_mapping, std::memory_order_relaxed);
      for (int i = 0; i < pages; ++i) {
        to[i].mapping = static_cast<std::int8_t>(file.number);
        to[i].index = static_cast<std::uint16_t>(first + i);
        from[i].mapping = -1;
        file.slots[first + i].store(to, std::memory_order_release);
      }
    });
    page_ref_unfreeze(current, from, 1);
  }
  file.i_pages_lock.unlock_irq(current);
  return replaces;
}

// The same of an anonymous page, which may be in the swap cache.
bool replace_anonymous(Task& current, Page* from, Page* to) {
  if (page_swapcache(current, from)) {
    if (!replace_in_swap_cache(current, from, to)) return false;
  } else if (page_count(current, from) != 1) {
    return false;
  }
  inherit_anon_vma(current, from, to);
  return true;
}

// move_to_new_folio. Both are locked, and the page has not been cut off its file.
bool move_page(Task& current, Page* from, Page* to) {
  const bool replaced = page_anon(current, from)
                            ? replace_anonymous(current, from, to)
                            : replace_in_file(current, from, to, current.kernel->files[from->mapping]);
  if (!replaced) return false;
  for (int i = 0; i < from->nr_pages(); ++i) copy_highpage<event::MoveWord>(current, to + i, from + i);
  folio_migrate_flags(current, from, to);
  return true;
}

// __migrate_folio_unmap and __migrate_folio_move, of a page that is locked, to one that is, too.
Migrated unmap_and_move(Task& current, Page* from, Page* to) {
  if (!page_anon(current, from) && from->mapping < 0) return Migrated::again;  // it was cut off
  // Migration entries do not make the page look mapped: without a reference its anon_vma could go.
  AnonVma* const anon_vma = page_anon(current, from) ? page_get_anon_vma(current, from) : nullptr;
  const bool was_mapped = page_mapped(current, from);
  if (was_mapped) try_to_migrate(current, from);
  const bool moves = !page_mapped(current, from) && move_page(current, from, to);
  if (moves) put_on_lru(current, to);
  if (was_mapped) remove_migration_ptes(current, anon_vma, from, moves ? to : from);
  if (anon_vma != nullptr) put_anon_vma(current, anon_vma);
  return moves ? Migrated::moved : Migrated::again;
}

// migrate_folio_unmap and migrate_folio_move. Whoever has the page isolated has a reference, which is dropped if it moves.
Migrated migrate_page(Task& current, Page* page, bool force) {
  if (page_count(current, page) == 1) {  // it was freed from under us
    put_page(current, page);
    return Migrated::moved;
  }
  Page* const to = alloc_folio(current, page->nr_pages());
  if (to == nullptr) return Migrated::failed;
  Migrated outcome = Migrated::again;
  if (lock_to_move(current, page, force)) {
    lock_new_page(current, to);
    outcome = unmap_and_move(current, page, to);
    unlock_page(current, to);
    unlock_page(current, page);
  }
  put_page(current, to);
  if (outcome == Migrated::moved) put_page(current, page);
  return outcome;
}

}  // namespace

void migrate(Task& current, int first, int count) {
  constexpr int passes = 10;  // NR_MAX_MIGRATE_PAGES_RETRY
  PageList pages;
  PageList failed;
  for (int address = first; address < first + count; ++address) {
    if (Page* const page = isolate_shown_page(current, address)) pages.add(page);
  }
  for (int pass = 0; pass < passes && !pages.empty(); ++pass) {
    PageList again;
    while (!pages.empty()) {
      Page* const page = pages.remove_first();
      const Migrated outcome = migrate_page(current, page, pass > 2);
      if (outcome == Migrated::moved) continue;
      (outcome == Migrated::again ? again : failed).add(page);
    }
    pages = again;
  }
  for (PageList* const list : {&pages, &failed}) {
    while (!list->empty()) putback_lru_page(current, list->remove_first());
  }
}

void migration_entry_wait(Task& current, Mm& mm, int address) {
  pte_lock(current, mm, address);
  const Pte pte = ptep_get(current, mm, address);
  Page* const folio = pte.migrating() ? pfn_swap_entry_to_page(current, pte)->folio() : nullptr;
  pte_unlock(current, mm, address);
  if (folio == nullptr) return;
  // Whoever moves the page has a reference, as long as there is a migration entry; and has it locked. It may be freed when it is
  // unlocked, and be another page by the time that this task runs.
  const Machine& machine = current.kernel->machine;
  const std::uint32_t life = machine.generation(pte.frame());
  await(
      current, folio->waiters,
      [&machine, folio, life, frame = pte.frame()] {
        return machine.generation(frame) != life || !folio->test(PG_locked);
      },
      [&] { return event::WaitForLock{.lock = page_lock(current, folio), .holders = 0}; });
}

}  // namespace shootdown
