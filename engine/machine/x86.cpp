#include "engine/machine/x86.h"

namespace shootdown::x86 {

SHOOTDOWN_HARNESS AccessResult translate(Machine& machine, int cpu, int table, int page, bool store) {
  const auto virtual_page = static_cast<std::uint16_t>(page);
  Tlb& tlb = machine.tlb(cpu);
  const TlbEntry* const entry = tlb.find(virtual_page);
  if (entry != nullptr && (!store || (entry->write && entry->dirty))) {
    const bool stale = entry->generation != machine.frame(entry->frame).generation;
    return {.kind = Access::hit, .frame = entry->frame, .stale = stale};
  }
  const Pte pte = machine.walk(table, page, store);
  if (!pte.present()) {
    tlb.drop(virtual_page);
    return {};
  }
  tlb.insert({.page = virtual_page,
              .frame = pte.frame(),
              .write = pte.write(),
              .dirty = pte.dirty(),
              .generation = machine.frame(pte.frame()).generation});
  return {.kind = Access::walk, .frame = pte.frame()};
}

void access(Machine& machine, AccessResult& result, int word, bool store, Word value) {
  if (result.kind == Access::fault) return;
  Atomic<Word>& memory = machine.frame(result.frame).words[word];
  if (store) {
    memory.store(value, std::memory_order_relaxed);
    result.value = value;
  } else {
    result.value = memory.load(std::memory_order_relaxed);
  }
}

}  // namespace shootdown::x86
