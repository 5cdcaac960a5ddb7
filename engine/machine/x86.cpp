#include "engine/machine/x86.h"

namespace shootdown::x86 {

SHOOTDOWN_HARNESS AccessResult translate(Machine& machine, int cpu, int table, int page, bool store) {
  PageWalk walk;
  AccessResult result = translate(
      machine.tlb(cpu), page, store,
      [&] {
        walk = machine.walk(cpu, table, page, store);
        return walk.entry;
      },
      [&](FrameNumber frame) { return machine.generation(frame); });
  if (result.kind != Access::fault) return result;
  machine.paging_caches().drop(cpu, machine.place_of(page));
  result.stale = walk.astray;
  return result;
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

void flush_page(Machine& machine, int cpu, int page) {
  machine.tlb(cpu).drop(static_cast<std::uint16_t>(page));
  machine.paging_caches().drop_all(cpu);
}

void flush_all(Machine& machine, int cpu) {
  machine.tlb(cpu).drop_all();
  machine.paging_caches().drop_all(cpu);
}

}  // namespace shootdown::x86
