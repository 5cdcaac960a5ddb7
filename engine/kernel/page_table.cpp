#include "engine/kernel/page_table.h"

#include "engine/kernel/tlbflush.h"

namespace shootdown {

void pte_lock(Task& current, Mm& mm, int page) {
  current.kernel->page_table(mm, page).lock.lock(current.kernel->sched);
  current.page_table_locked = true;
}

void pte_unlock(Task& current, Mm& mm, int page) {
  current.page_table_locked = false;
  current.kernel->page_table(mm, page).lock.unlock(current.kernel->sched);
}

Pte ptep_get(Task& current, Mm& mm, int page) {
  step(current, Verb::read, Object::pte, mm.number, page);
  const Pte pte = current.kernel->machine.read_pte(mm.number, page);
  result(current, pte.bits());
  return pte;
}

Pte ptep_get_and_clear(Task& current, Mm& mm, int page) {
  step(current, Verb::clear, Object::pte, mm.number, page);
  const Pte pte = current.kernel->machine.clear_pte(mm.number, page);
  if (pte.present()) --current.kernel->page_table(mm, page).present;
  result(current, pte.bits());
  return pte;
}

void set_pte_at(Task& current, Mm& mm, int page, Pte pte) {
  step(current, Verb::set, Object::pte, mm.number, page);
  current.kernel->machine.set_pte(mm.number, page, pte);
  if (pte.present()) ++current.kernel->page_table(mm, page).present;
  result(current, pte.bits());
}

void ptep_set_access_flags(Task& current, Mm& mm, int page, Pte pte) {
  step(current, Verb::set, Object::pte, mm.number, page);
  current.kernel->machine.set_pte(mm.number, page, pte);
  result(current, pte.bits());
}

Pte ptep_clear_flush(Task& current, Mm& mm, int page) {
  const Pte pte = ptep_get_and_clear(current, mm, page);
  if (pte.present()) flush_tlb_page(current, mm, page);
  return pte;
}

}  // namespace shootdown
