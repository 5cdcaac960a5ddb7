#include "engine/kernel/page_table.h"

#include "engine/kernel/tlbflush.h"

namespace shootdown {

namespace {

// An event of the page table for a page.
template <typename E>
E table_event(const Task& current, const Mm& mm, int page) {
  const unsigned shift = current.kernel->config.table_shift;
  return {.mm = mm.number, .first = as_fact(page >> shift << shift), .count = 1U << shift};
}

}  // namespace

bool pmd_present(const Task& current, const Mm& mm, int page) {
  const unsigned shift = current.kernel->config.table_shift;
  also_reads(current, places::table(mm.number, as_fact(page >> shift)));
  return mm.page_tables[page >> shift].exists.load(std::memory_order_acquire);
}

bool pmd_none(Task& current, Mm& mm, int page) {
  if (pmd_present(current, mm, page)) return false;
  const PageTable& table = current.kernel->page_table(mm, page);
  const auto look = act(current, table_event<event::ReadTable>(current, mm, page), [&](event::ReadTable& found) {
    found.exists = static_cast<Fact>(table.exists.load(std::memory_order_acquire));
  });
  return look.exists == 0;
}

void pte_alloc(Task& current, Mm& mm, int page) {
  if (pmd_present(current, mm, page)) return;
  PageTable& table = current.kernel->page_table(mm, page);
  act(current, table_event<event::InstallTable>(current, mm, page), [&](event::InstallTable& found) {
    found.installed = static_cast<Fact>(!table.exists.exchange(true, std::memory_order_acq_rel));
  });
}

void pmd_clear(Task& current, Mm& mm, int page) {
  act(current, table_event<event::FreeTable>(current, mm, page),
      [&] { current.kernel->page_table(mm, page).exists.store(false, std::memory_order_release); });
}

void pte_lock(Task& current, Mm& mm, int page) {
  current.kernel->page_table(mm, page).lock.lock(current);
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
