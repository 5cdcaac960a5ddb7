#include "engine/machine/machine.h"

namespace shootdown {

Machine::Machine(Arena& arena, const MachineConfig& config, int frames, int reserved)
    : tlbs_(arena.row<Tlb>(config.cpus)),
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

Pte Machine::walk(int table, int page, bool store) {
  PteSlot& slot = tables_[table].slots[page];
  const Pte after = Pte(slot.load(std::memory_order_relaxed)).walked(store);
  if (after.present()) slot.store(after.bits(), std::memory_order_relaxed);
  return after;
}

bool Machine::fill(int cpu, int table, int page) {
  const Pte pte = walk(table, page, false);
  if (!pte.present()) return false;
  tlbs_[cpu].insert(TlbEntry::of(static_cast<std::uint16_t>(page), pte, generation(pte.frame())));
  return true;
}

}  // namespace shootdown
