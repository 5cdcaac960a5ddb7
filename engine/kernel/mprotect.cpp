#include "engine/kernel/mprotect.h"

#include <algorithm>

#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/tlb_gather.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

namespace {

// can_change_pte_writable: whether a store would need no fault but for the entry. A page of a file that is not dirty is to be
// announced to the filesystem first.
bool can_change_pte_writable(Task& current, const Vma& vma, Pte pte) {
  // That anonymous memory is clean, 6.12 does not mind.
  const bool may_be_clean = !vma.is_shared() && current.kernel->engine.since_6_12();
  if (!pte.dirty() && !may_be_clean && !planted(current, Defect::clean_entry_made_writable)) return false;
  if (vma.is_shared()) return true;
  const Page* const page = vm_normal_page(current, pte);
  return page != nullptr && page_anon(current, page) && page_anon_exclusive(current, page);
}

// change_pte_range's body for one entry, which is present.
void change_pte(TlbGather& tlb, const Vma& vma, int page, Pte found) {
  Task& current = tlb.task();
  // ptep_modify_prot_start, ptep_modify_prot_commit
  const bool copies = planted(current, Defect::protected_by_a_copy);
  const Pte pte = copies ? found : ptep_get_and_clear(current, tlb.mm(), page);
  Pte changed = pte_modify(current, vma, pte);
  if (!changed.write() && !vma.is_read_only() && can_change_pte_writable(current, vma, pte)) changed = pte.mkwrite();
  set_pte_at(current, tlb.mm(), page, changed);
  const bool needs_flush = pte.write() && !changed.write();
  if (needs_flush && !planted(current, Defect::protected_without_flush)) tlb.remove_tlb_entry(page);
}

// The same for one that says that a page is being moved, or that a device has it, for itself or in its memory: the page is mapped
// read-only then.
void change_absent_entry(TlbGather& tlb, const Vma& vma, int page, Pte entry) {
  if (!entry.write() || !vma.is_read_only()) return;
  set_pte_at(tlb.task(), tlb.mm(), page, entry.wrprotect());
}

// change_pte_range, of [first, end), which is in one page table.
void change_pte_range(TlbGather& tlb, const Vma& vma, int first, int end) {
  Task& current = tlb.task();
  pte_lock(current, tlb.mm(), first);
  if (!planted(current, Defect::batched_flush_ignored_by_mprotect)) flush_tlb_batched_pending(current, tlb.mm());
  for (int page = first; page < end; ++page) {
    const Pte pte = ptep_get(current, tlb.mm(), page);
    if (pte.present()) change_pte(tlb, vma, page, pte);
    if (pte.migrating() || pte.device_exclusive() || pte.device_private()) change_absent_entry(tlb, vma, page, pte);
  }
  pte_unlock(current, tlb.mm(), first);
}

// change_protection, of [first, end).
void change_protection(TlbGather& tlb, const Vma& vma, int first, int end) {
  each_page_table(tlb.task(), tlb.mm(), first, end, [&](int from, int to) { change_pte_range(tlb, vma, from, to); });
}

// From now on [first, end) of the mapping is so for who faults.
void set_protection(Task& current, Vma& vma, int first, int end, bool writable) {
  if (writable) {
    event::InsertMapping insertion = insertion_of(vma, first, end);
    insertion.moved_from = as_fact(first);
    insertion.read_only = 0;
    act(current, insertion, [&] { vma.set_read_only(false); });
    return;
  }
  vma.set_read_only(true);
  note(current,
       event::BeginUnmap{.mm = vma.mm, .first = as_fact(first), .count = as_fact(end - first), .only_stores = 1});
}

// The part [first, end) of a mapping becomes one of another: of a neighbour's that is so already, or of one that is made. Null when
// there are too many.
Vma* modify_vma(Task& current, Mm& mm, const Vma& vma, int first, int end, bool writable) {
  const VmaMergeStruct merge{.first = first,
                             .end = end,
                             .kind = vma.kind,
                             .file = vma.file,
                             .pgoff = vma.pgoff + (first - vma.start),
                             .read_only = !writable,
                             .anon_vma = vma.anon_vma.load(std::memory_order_relaxed)};
  if (Vma* const merged = vma_merge(current, mm, merge, nullptr)) return merged;
  return split_at_ends(current, mm, first, end) ? find_vma(mm, first) : nullptr;
}

// mprotect_fixup, for one mapping after the other. Returns what has been write-protected, from the first page to the last.
PageSpan change_mappings(TlbGather& tlb, int first, int end, bool writable) {
  Task& current = tlb.task();
  Mm& mm = tlb.mm();
  PageSpan write_protected{first, 0};
  Vma* vma = find_vma(mm, first);
  for (int at = first; at < end && vma != nullptr && vma->start <= at; vma = find_vma(mm, at)) {
    const int to = std::min<int>(vma->end, end);
    if (vma->is_read_only() == writable) {
      vma = modify_vma(current, mm, *vma, at, to, writable);
      if (vma == nullptr) break;
      set_protection(current, *vma, at, to, writable);
      if (!writable && write_protected.count == 0) write_protected.first = at;
      if (!writable) write_protected.count = to - write_protected.first;
      change_protection(tlb, *vma, at, to);
    }
    at = to;
  }
  return write_protected;
}

}  // namespace

void mprotect(Task& current, int first, int count, bool writable) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_write(current);
  const Vma* const vma = find_vma(mm, first);
  if (vma != nullptr && vma->start <= first) {
    TlbGather tlb(current, mm);
    const PageSpan changed = change_mappings(tlb, first, first + count, writable);
    tlb.finish();
    if (changed.count != 0)
      note(current,
           event::EndUnmap{
               .mm = mm.number, .first = as_fact(changed.first), .count = as_fact(changed.count), .only_stores = 1});
  }
  mm.mmap_lock.up_write(current);
}

}  // namespace shootdown
