// How an x86 CPU's loads and stores use its TLB and its paging-structure cache.
//
// - A load through a cached entry does not look at the page table.
// - A store through a cached entry that is writable and dirty does not either:
//   it goes on working after the entry in memory was cleared, until a flush.
// - A store through an entry that is not dirty walks the page table again, and
//   in one atomic action sets the dirty bit of the live entry, or faults.
// - An access that faults drops the cached entry of its page, and of the way to it.
// - A walk that begins at a cached entry of the level above the page tables does not
//   look at that level. A flush of any page drops all of these entries.
// - Entries may be loaded unasked and may vanish at any time; a load unasked may
//   set the accessed bit, never the dirty bit.
//
// The check of the TLB and the access to memory are one action: an interrupt,
// and so a shootdown, is taken between instructions only.
//
// Other architectures will stand beside this one: arm64 (dirty bit in hardware
// or software, flush by broadcast), s390 (an entry is cleared and flushed by one
// instruction).
#pragma once

#include "engine/machine/machine.h"

namespace shootdown::x86 {

// An access is translate, then access, within one step of `cpu`. They are two functions because the
// value that a store writes is made when it is certain that the store takes effect.

// Looks up the TLB and walks the page table if need be. walk() does that for this access (Pte::walked);
// generation(frame) is the life that a frame is in.
template <typename Walk, typename Generation>
SHOOTDOWN_HARNESS AccessResult translate(Tlb& tlb, int page, bool store, const Walk& walk,
                                         const Generation& generation) {
  const auto virtual_page = static_cast<std::uint16_t>(page);
  const TlbEntry* const entry = tlb.find(virtual_page);
  if (entry != nullptr && entry->serves(store)) {
    return {.kind = Access::hit, .frame = entry->frame, .stale = entry->generation != generation(entry->frame)};
  }
  const Pte pte = walk();
  if (!pte.present()) {
    tlb.drop(virtual_page);
    return {};
  }
  tlb.insert(TlbEntry::of(virtual_page, pte, generation(pte.frame())));
  return {.kind = Access::walk, .frame = pte.frame()};
}
// The same on the modelled machine, which knows where its page tables are.
AccessResult translate(Machine& machine, int cpu, int table, int page, bool store);
// Accesses memory by the result of translate.
void access(Machine& machine, AccessResult& result, int word, bool store, Word value);

// INVLPG.
void flush_page(Machine& machine, int cpu, int page);
// A write to CR3.
void flush_all(Machine& machine, int cpu);

}  // namespace shootdown::x86
