#include "engine/machine/machine.h"

namespace shootdown {

Machine::Machine(Arena& arena, const MachineConfig& config, int frames, int reserved)
    : tlbs_(arena.row<Tlb>(config.cpus)),
      table_shift_(config.table_shift),
      places_(place_of(config.virtual_pages() - 1) + 1),
      paging_caches_(arena, config.cpus, places_),
      directory_(arena.row<DirectoryEntry>(config.mms * places_)),
      tables_(arena.row<TranslationTable>(config.mms)),
      frames_(arena.row<Frame>(frames)),
      reserved_(reserved) {
  for (Tlb& tlb : tlbs_) tlb = Tlb(arena.row<TlbEntry>(config.tlb));
  for (TranslationTable& table : tables_) table.slots = arena.row<PteSlot>(config.virtual_pages());
}

SHOOTDOWN_HARNESS void Machine::count(Pte pte, int change) {
  if (pte.present()) frames_[pte.frame()].entries += static_cast<std::uint32_t>(change);
}

SHOOTDOWN_HARNESS std::uint32_t Machine::entries_to(FrameNumber number) const {
  return frames_[number].entries;
}

SHOOTDOWN_HARNESS void Machine::end_frame_life(FrameNumber number) {
  ++frames_[number].generation;
}

SHOOTDOWN_HARNESS bool Machine::install_page_table(int table, int page) {
  DirectoryEntry& entry = way_to(table, page);
  TableNumber none = 0;
  if (!entry.table.compare_exchange(none, entry.made + 1, std::memory_order_acq_rel)) return false;
  ++entry.made;
  return true;
}

void Machine::clear_page_table(int table, int page) {
  way_to(table, page).table.store(0, std::memory_order_release);
}

SHOOTDOWN_HARNESS void Machine::free_page_table(int table, int page) {
  DirectoryEntry& entry = way_to(table, page);
  const bool another = entry.table.load(std::memory_order_relaxed) != 0;
  entry.freed = another ? entry.made - 1 : entry.made;
}

Pte Machine::read_pte(int table, int page) const {
  return Pte(tables_[table].slots[page].load(std::memory_order_relaxed));
}

void Machine::set_pte(int table, int page, Pte pte) {
  const Pte old(tables_[table].slots[page].exchange(pte.bits(), std::memory_order_relaxed));
  count(old, -1);
  count(pte, +1);
}

Pte Machine::clear_pte(int table, int page) {
  const Pte old(tables_[table].slots[page].exchange(0, std::memory_order_seq_cst));
  count(old, -1);
  return old;
}

Pte Machine::clear_accessed(int table, int page) {
  return Pte(tables_[table].slots[page].fetch_and(~Pte::accessed_bit, std::memory_order_relaxed));
}

Pte Machine::wrprotect_pte(int table, int page) {
  const Pte old(tables_[table].slots[page].fetch_and(~Pte::write_bit, std::memory_order_seq_cst));
  return old.wrprotect();
}

PageWalk Machine::walk(int cpu, int table, int page, bool store) {
  const DirectoryEntry& way = directory_entry(table, page);
  const TableNumber there = way.table.load(std::memory_order_acquire);
  TableNumber number = paging_caches_.find(cpu, place_of(page));
  if (number == 0) {
    if (there == 0) return {};
    number = there;
    paging_caches_.keep(cpu, place_of(page), number);
  }
  // What was in one that is there no more has been cleared.
  if (number != there) return {.entry = {}, .astray = way.is_freed(number)};
  PteSlot& slot = tables_[table].slots[page];
  const Pte after = Pte(slot.load(std::memory_order_relaxed)).walked(store);
  if (after.present()) slot.store(after.bits(), std::memory_order_relaxed);
  return {.entry = after};
}

PageWalk Machine::fill(int cpu, int table, int page) {
  const PageWalk result = walk(cpu, table, page, false);
  const Pte pte = result.entry;
  if (pte.present()) tlbs_[cpu].insert(TlbEntry::of(static_cast<std::uint16_t>(page), pte, generation(pte.frame())));
  return result;
}

bool Machine::would_go_astray(int cpu, int table, int page) const {
  return directory_entry(table, page).is_freed(paging_caches_.find(cpu, place_of(page)));
}

void Machine::evict(int cpu, int page) {
  tlbs_[cpu].drop(static_cast<std::uint16_t>(page));
  paging_caches_.drop(cpu, place_of(page));
}

}  // namespace shootdown
