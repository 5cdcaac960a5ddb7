#include "engine/kernel/page_table.h"

#include "engine/kernel/texts.h"
#include "engine/kernel/tlbflush.h"

namespace shootdown {

namespace {

// The way to the page table for a page, which is looked at in this step.
const DirectoryEntry& way_to(const Task& current, const Mm& mm, int page) {
  const Machine& machine = current.kernel->machine;
  also_reads(current, places::table(mm.number, as_fact(machine.place_of(page))));
  return machine.directory_entry(mm.number, page);
}

// The page table to which it leads.
TableNumber table_at(const DirectoryEntry& way) {
  return way.table.load(std::memory_order_acquire);
}

// Whether a page table that somebody has come to is free by now, which is announced.
bool is_freed(const Task& current, const DirectoryEntry& way, TableNumber table, TextFact user) {
  if (!way.is_freed(table)) return false;
  note(current, event::UseFreed{.how = event::UseFreed::How::walks, .function = user, .frame = no_fact});
  return true;
}

// An event of the page table for a page.
template <typename E>
E table_event(const Task& current, const Mm& mm, int page) {
  const unsigned shift = current.kernel->config.table_shift;
  return {.mm = mm.number, .first = as_fact(page >> shift << shift), .count = 1U << shift};
}

}  // namespace

bool pmd_present(const Task& current, const Mm& mm, int page) {
  return table_at(way_to(current, mm, page)) != 0;
}

TableNumber pmd_get(Task& current, Mm& mm, int page) {
  const DirectoryEntry& way = way_to(current, mm, page);
  TableNumber table = table_at(way);
  if (table != 0) return table;
  act(current, table_event<event::ReadTable>(current, mm, page), [&](event::ReadTable& found) {
    table = table_at(way);
    found.exists = static_cast<Fact>(table != 0);
  });
  return table;
}

void pte_alloc(Task& current, Mm& mm, int page) {
  if (pmd_present(current, mm, page)) return;
  act(current, table_event<event::InstallTable>(current, mm, page), [&](event::InstallTable& found) {
    found.installed = static_cast<Fact>(current.kernel->machine.install_page_table(mm.number, page));
  });
}

void pmd_clear(Task& current, Mm& mm, int page) {
  act(current, table_event<event::FreeTable>(current, mm, page),
      [&] { current.kernel->machine.clear_page_table(mm.number, page); });
}

void pte_lock(Task& current, Mm& mm, int page) {
  const DirectoryEntry& way = way_to(current, mm, page);
  const TableNumber table = table_at(way);
  current.kernel->page_table(mm, page).lock.lock(current);
  is_freed(current, way, table, text_of(TextFact::Kind::function, "pte_offset_map_lock"));
}

void pte_unlock(Task& current, Mm& mm, int page) {
  current.kernel->page_table(mm, page).lock.unlock(current);
}

Pte ptep_get(Task& current, Mm& mm, int page) {
  Pte pte;
  act(current, event::ReadEntry{.mm = mm.number, .page = as_fact(page)}, [&](event::ReadEntry& found) {
    pte = current.kernel->machine.read_pte(mm.number, page);
    found.entry = entry_fact(pte);
  });
  return pte;
}

Pte ptep_get_lockless(Task& current, Mm& mm, int page, TableNumber table) {
  const Pte pte = ptep_get(current, mm, page);
  const DirectoryEntry& way = way_to(current, mm, page);
  if (is_freed(current, way, table, text_of(TextFact::Kind::function, "gup_pte_range"))) return {};
  return table_at(way) == table ? pte : Pte();
}

Pte ptep_get_and_clear(Task& current, Mm& mm, int page) {
  Pte pte;
  act(current, event::ClearEntry{.mm = mm.number, .page = as_fact(page)}, [&](event::ClearEntry& found) {
    pte = current.kernel->machine.clear_pte(mm.number, page);
    if (pte.present()) --current.kernel->page_table(mm, page).present;
    found.was = entry_fact(pte);
  });
  return pte;
}

void set_pte_at(Task& current, Mm& mm, int page, Pte pte) {
  act(current, event::SetEntry{.mm = mm.number, .page = as_fact(page), .entry = entry_fact(pte)}, [&] {
    Machine& machine = current.kernel->machine;
    const int change = static_cast<int>(pte.present()) - static_cast<int>(machine.read_pte(mm.number, page).present());
    machine.set_pte(mm.number, page, pte);
    if (change != 0)
      current.kernel->page_table(mm, page).present = current.kernel->page_table(mm, page).present + change;
  });
}

void ptep_set_wrprotect(Task& current, Mm& mm, int page) {
  act(current, event::SetEntry{.mm = mm.number, .page = as_fact(page)}, [&](event::SetEntry& found) {
    found.entry = entry_fact(current.kernel->machine.wrprotect_pte(mm.number, page));
  });
}

void ptep_set_access_flags(Task& current, Mm& mm, int page, Pte pte, bool write) {
  const bool may_write = write || planted(current, Defect::flags_set_for_loads);
  act(current,
      event::SetAccessFlags{
          .mm = mm.number, .page = as_fact(page), .store = static_cast<Fact>(write), .entry = entry_fact(pte)},
      [&](event::SetAccessFlags& found) {
        Machine& machine = current.kernel->machine;
        const Pte was = machine.read_pte(mm.number, page);
        if (may_write && was != pte) machine.set_pte(mm.number, page, pte);
        found.was = entry_fact(was);
        found.changed = static_cast<Fact>(may_write && was != pte);
      });
}

bool ptep_clear_flush_young(Task& current, Mm& mm, int page) {
  const auto cleared =
      act(current, event::ClearAccessed{.mm = mm.number, .page = as_fact(page)}, [&](event::ClearAccessed& found) {
        found.was = entry_fact(current.kernel->machine.clear_accessed(mm.number, page));
      });
  return cleared.was.young();
}

Pte ptep_clear_flush(Task& current, Mm& mm, int page) {
  const Pte pte = ptep_get_and_clear(current, mm, page);
  if (pte.present()) flush_tlb_page(current, mm, page);
  return pte;
}

}  // namespace shootdown
