#include "engine/machine/machine.h"

namespace shootdown {

void Machine::clear() {
  for (int table = 0; table < tables_used_; ++table) {
    for (int page = 0; page < pages_used_; ++page) set_pte(table, page, Pte());
  }
  tables_used_ = 0;
}

void Machine::reset(int cpus, int tlb_entries, int tables, int pages) {
  clear();
  tables_used_ = tables;
  pages_used_ = pages;
  for (int cpu = 0; cpu < cpus; ++cpu) tlbs_[cpu].reset(tlb_entries);
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

Pte Machine::walk(int table, int page, bool store) {
  PteSlot& slot = tables_[table].slots[page];
  const Pte pte(slot.load(std::memory_order_relaxed));
  if (!pte.present() || (store && !pte.write())) return Pte();
  const Pte after = store ? pte.mkyoung().mkdirty() : pte.mkyoung();
  slot.store(after.bits(), std::memory_order_relaxed);
  return after;
}

bool Machine::fill(int cpu, int table, int page) {
  const Pte pte = walk(table, page, false);
  if (!pte.present()) return false;
  tlbs_[cpu].insert({.page = static_cast<std::uint16_t>(page),
                     .frame = pte.frame(),
                     .write = pte.write(),
                     .dirty = pte.dirty(),
                     .generation = frames_[pte.frame()].generation});
  return true;
}

}  // namespace shootdown
