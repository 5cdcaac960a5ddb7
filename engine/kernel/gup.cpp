#include "engine/kernel/gup.h"

#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

// gup_put_folio.
void unpin_page(Task& current, Page* page) {
  put_page_refs(current, page, gup_pin_counting_bias);
}

// try_grab_folio: false if the page has no reference any more.
bool try_grab_page(Task& current, Page* page) {
  if (!try_get_page(current, page)) return false;
  get_page_refs(current, page, gup_pin_counting_bias - 1);
  return true;
}

// folio_set_referenced.
void set_page_referenced(Task& current, Page* page) {
  act(current, event::MarkAccessed{.page = folio_fact(current, page)},
      [&] { page->folio()->flags.set(PG_referenced, std::memory_order_relaxed); });
}

// pte_access_permitted, for a store.
bool pte_access_permitted(const Task& current, Pte pte) {
  return pte.present() && (pte.write() || planted(current, Defect::pin_ignores_protection));
}

// gup_pte_range, of one entry of a page table that nobody keeps from being freed but that interrupts are off.
UserPage gup_pte(Task& current, Mm& mm, int address, TableNumber table) {
  const Pte pte = ptep_get_lockless(current, mm, address, table);
  if (!pte_access_permitted(current, pte) || pte.special()) return {};
  Page* const page = &current.kernel->pages[pte.frame()];
  const std::uint32_t generation = current.kernel->machine.generation(pte.frame());
  if (!try_grab_page(current, page)) return {};
  // The entry may have gone before the page was pinned; and then the page, or what it was.
  const bool unchanged =
      pmd_get(current, mm, address) == table && ptep_get_lockless(current, mm, address, table) == pte;
  if (!unchanged && !planted(current, Defect::pin_without_second_look)) {
    if (!planted(current, Defect::pin_not_given_back)) unpin_page(current, page);
    return {};
  }
  set_page_referenced(current, page);
  return {page, generation};
}

// raw_read_seqcount: odd while a fork makes entries read-only.
std::uint32_t read_write_protect_seq(const Task& current, const Mm& mm) {
  if (planted(current, Defect::fork_not_noticed_by_pin)) return 0;
  also_reads(current, places::of_mm(Places::Kind::write_protect_seq, mm.number));
  return mm.write_protect_seq.load(std::memory_order_acquire);
}

// lockless_pages_from_mm.
UserPage gup_fast(Task& current, Mm& mm, int address) {
  // An interrupt that came before comes before the walk.
  act(current, event::PinBegins{.mm = mm.number, .page = as_fact(address)}, [] {});
  const std::uint32_t seq = read_write_protect_seq(current, mm);
  if (seq % 2 != 0) return {};
  current.pin_seq = seq;
  const bool takes_interrupts = planted(current, Defect::pin_takes_interrupts);
  if (!takes_interrupts) current.kernel->sched.disable_interrupts();
  UserPage pin;
  if (const TableNumber table = pmd_get(current, mm, address); table != 0) pin = gup_pte(current, mm, address, table);
  if (!takes_interrupts) current.kernel->sched.enable_interrupts();
  current.pin_seq = 0;
  if (pin.page == nullptr) return {};
  // A fork may have shared the page before it was pinned.
  if (read_write_protect_seq(current, mm) == seq) return pin;
  unpin_page(current, pin.page);
  return {};
}

// follow_page_pte: takes references to the page if it is mapped so that it may be written to.
UserPage follow_page_pte(Task& current, Mm& mm, int address, int references) {
  if (pmd_none(current, mm, address)) return {};
  pte_lock(current, mm, address);
  UserPage found;
  const Pte pte = ptep_get(current, mm, address);
  if (pte.present() && pte.write() && !pte.special()) {
    found = {&current.kernel->pages[pte.frame()], current.kernel->machine.generation(pte.frame())};
    get_page_refs(current, found.page, references);
    also_reads(current, places::flags(folio_fact(current, found.page)));
    if (!pte.dirty() && !found.page->test(PG_dirty)) set_page_dirty(current, found.page);
    mark_page_accessed(current, found.page);
  }
  pte_unlock(current, mm, address);
  return found;
}

// get_user_pages_unlocked.
UserPage gup_slow(Task& current, Mm& mm, int address) {
  mm.mmap_lock.down_read(current);
  const UserPage pin = get_user_page(current, mm, address, gup_pin_counting_bias);
  mm.mmap_lock.up_read(current);
  return pin;
}

// pin_user_pages_fast.
UserPage pin_user_page_fast(Task& current, int address) {
  Mm& mm = *current.mm;
  const UserPage pin = gup_fast(current, mm, address);
  return pin.page != nullptr ? pin : gup_slow(current, mm, address);
}

// What unpin_user_pages_dirty_lock does to the page. Linux takes the lock only if the page looks clean. Who has made it dirty may be about to
// tag it, and an fsync looks for tags.
void set_unpinned_page_dirty(Task& current, Page* page) {
  if (planted(current, Defect::unpinned_clean)) return;
  const auto is_dirty = [&] { return (page_flags(current, page) & PG_dirty) != 0; };
  if (planted(current, Defect::unpinned_at_a_glance) && is_dirty()) return;
  lock_page(current, page);
  if (!is_dirty()) set_page_dirty(current, page);
  unlock_page(current, page);
}

void unpin_user_page_dirty_lock(Task& current, Page* page) {
  set_unpinned_page_dirty(current, page);
  unpin_page(current, page);
}

}  // namespace

// __get_user_pages: faults until the page can be followed.
UserPage get_user_page(Task& current, Mm& mm, int address, int references) {
  Vma* const vma = find_vma(mm, address);
  const bool permitted = vma != nullptr && vma->start <= address && !vma->is_read_only() && !vma->is_pfnmap();
  VmFault fault = permitted ? VmFault::none : VmFault::sigbus;
  while (fault == VmFault::none) {
    const UserPage found = follow_page_pte(current, mm, address, references);
    if (found.page != nullptr) return found;
    fault = handle_mm_fault(current, *vma, address, true);  // faultin_page
  }
  if (fault == VmFault::sigbus) note(current, event::RefusePin{.mm = mm.number, .page = as_fact(address)});
  return {};
}

event::DmaWord device_writes(Task& current, const UserPage& found, int address, int word) {
  const event::DmaWord write{.page = frame_fact(current, found.page),
                             .mm = current.mm->number,
                             .virtual_page = as_fact(address),
                             .word = as_fact(word)};
  return act(current, write, [&](event::DmaWord& written) {
    Kernel& kernel = *current.kernel;
    written.value = kernel.next_value();
    kernel.frame(found.page).words[word].store(written.value, std::memory_order_relaxed);
    written.stale = static_cast<Fact>(kernel.machine.generation(kernel.pfn(found.page)) != found.generation);
  });
}

void dma_to_user(Task& current, int page, int word) {
  const UserPage pin = pin_user_page_fast(current, page);
  if (pin.page == nullptr) return;
  const event::DmaWord dma = device_writes(current, pin, page, word);
  unpin_user_page_dirty_lock(current, pin.page);
  note(current, event::DmaReturns{.page = dma.page, .word = dma.word, .value = dma.value});
}

}  // namespace shootdown
