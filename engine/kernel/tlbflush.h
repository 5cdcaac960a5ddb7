// TLB shootdown.
//
// Follows arch/x86/mm/tlb.c of Linux 6.1: an mm counts its flushes (tlb_gen); a
// flush asks the other CPUs by interrupt and waits until all have answered;
// each CPU drops the named pages only if it has missed no other flush, else
// everything. CPUs in lazy mode are asked only if page tables were freed; those drop
// everything, and the mm. When a CPU comes back from lazy mode it looks what it has missed.
// Not modelled: PCID, and the kernel's own mappings.
#pragma once

#include "engine/kernel/kernel.h"

namespace shootdown {

// More pages than this are flushed by dropping everything (tlb_single_page_flush_ceiling).
inline constexpr int tlb_single_page_flush_ceiling = 33;

// flush_tlb_mm_range for [first, first + count) pages; count 0: everything. When it returns, no CPU
// has a translation of these pages that was in the page table before the call.
void flush_tlb_mm_range(Task& current, Mm& mm, int first, int count, bool freed_tables);
inline void flush_tlb_page(Task& current, Mm& mm, int page) {
  flush_tlb_mm_range(current, mm, page, 1, false);
}

// smp_call_function of a function that does nothing: when it returns, all other CPUs have taken an interrupt, and so have come
// to the end of what they did without.
void smp_call_function(Task& current);

// --- flushes that are put off (mm/rmap.c) ---

// set_tlb_ubc_flush_pending: the task has cleared an entry of the mm, and flushes later. The page-table lock is held.
void set_tlb_ubc_flush_pending(Task& current, Mm& mm, bool writable);

// try_to_unmap_flush: flushes what the task has put off; try_to_unmap_flush_dirty: if anybody may still write through it.
void try_to_unmap_flush(Task& current);
void try_to_unmap_flush_dirty(Task& current);

// flush_tlb_batched_pending: who finds entries cleared must not believe that they are flushed: does it in place of who has put it
// off. The page-table lock is held.
void flush_tlb_batched_pending(Task& current, Mm& mm);

// --- kernel threads (context_switch) ---

// A kernel thread runs on the CPU for a while: others may run when it is in lazy mode. Then the CPU goes back to its mm
// (switch_mm_irqs_off), and flushes if it has missed anything.
void run_kernel_thread(Task& current);

// The interrupt: handles one CPU's request, if there is one.
bool flush_is_asked_for(const Task& current);
void handle_flush_interrupt(Task& current);

}  // namespace shootdown
