#include "engine/machine/x86.h"

namespace shootdown::x86 {

SHOOTDOWN_HARNESS AccessResult translate(Machine& machine, int cpu, int table, int page, bool store) {
  return translate(
      machine.tlb(cpu), page, store, [&] { return machine.walk(table, page, store); },
      [&](FrameNumber frame) { return machine.generation(frame); });
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
