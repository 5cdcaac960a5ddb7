#include "engine/kernel/mremap.h"

#include <algorithm>

#include "engine/kernel/anon_vma.h"
#include "engine/kernel/mmap.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/vma.h"

namespace shootdown {

namespace {

// What moves, and where to.
struct Move {
  Vma* vma;
  int first;
  int count;
  int to;
  // Whether who looks for the page-table entries of a page could come to the new place before the old one, and so miss one that
  // moves meanwhile: nobody may look then.
  bool need_rmap_locks;
};

// copy_vma: a mapping at the new place that shows what the old one does; perhaps a part of another mapping, or of the old one. False
// when there are too many. Announces that what was at the old place is shown at both, for a while.
bool copy_vma(Task& current, Mm& mm, Move& move) {
  const Vma& vma = *move.vma;
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  event::InsertMapping insertion = insertion_of(vma, move.first, move.first + move.count);
  insertion.first = as_fact(move.to);
  insertion.moved_from = as_fact(move.first);
  // Memory without pages shows the same wherever it is: it is numbered by its place, and has more neighbours to merge with.
  const bool unfaulted = vma.is_anonymous() && anon_vma == nullptr;
  const int pgoff = unfaulted ? move.to : vma.pgoff + (move.first - vma.start);
  const VmaMergeStruct merge{.first = move.to,
                             .end = move.to + move.count,
                             .kind = vma.kind,
                             .file = vma.file,
                             .pgoff = pgoff,
                             .read_only = vma.is_read_only(),
                             .anon_vma = anon_vma};
  const int start = vma.start;
  if (Vma* const merged = vma_merge(current, mm, merge, &insertion)) {
    if (start >= merged->start && start < merged->end) move.vma = merged;
    move.need_rmap_locks = merged->pgoff <= move.vma->pgoff;
    return true;
  }
  Vma* const copy = vm_area_dup(mm, vma);
  if (copy == nullptr) return false;
  copy->start = static_cast<std::uint16_t>(move.to);
  copy->end = static_cast<std::uint16_t>(move.to + move.count);
  copy->pgoff = static_cast<std::uint16_t>(pgoff);
  anon_vma_clone(current, *copy, vma);
  vma_link(current, *copy, insertion);
  return true;
}

// take_rmap_locks and drop_rmap_locks.
void take_rmap_locks(Task& current, const Vma& vma) {
  if (!vma.is_anonymous()) current.kernel->files[vma.file].i_mmap_rwsem.down_write(current);
  anon_vma_lock_write(current, vma.anon_vma.load(std::memory_order_relaxed));
}

void drop_rmap_locks(Task& current, const Vma& vma) {
  anon_vma_unlock_write(current, vma.anon_vma.load(std::memory_order_relaxed));
  if (!vma.is_anonymous()) current.kernel->files[vma.file].i_mmap_rwsem.up_write(current);
}

// move_ptes: of `count` pages, which are in one page table, and so are those at the new place.
void move_ptes(Task& current, Mm& mm, const Move& move, int first, int count, int to) {
  const unsigned shift = current.kernel->config.table_shift;
  const bool two_tables = first >> shift != to >> shift;
  if (move.need_rmap_locks) take_rmap_locks(current, *move.vma);
  // Two threads that do so do not wait for each other: they have mmap_lock for writing.
  pte_lock(current, mm, first);
  if (two_tables) pte_lock(current, mm, to);
  flush_tlb_batched_pending(current, mm);
  bool force_flush = false;
  for (int i = 0; i < count; ++i) {
    if (ptep_get(current, mm, first + i).none()) continue;
    const Pte pte = ptep_get_and_clear(current, mm, first + i);
    const bool flushes = !pte.dirty() || !planted(current, Defect::moved_without_flush_if_dirty);
    if (pte.present() && flushes) force_flush = true;
    set_pte_at(current, mm, to + i, pte);
  }
  // Before either lock is dropped: who makes the page clean holds the old one, and who frees it the new one.
  const bool flushes_late = planted(current, Defect::moved_page_flushed_late);
  if (force_flush && !flushes_late) flush_tlb_mm_range(current, mm, first, count, false);
  if (two_tables) pte_unlock(current, mm, to);
  pte_unlock(current, mm, first);
  if (force_flush && flushes_late) flush_tlb_mm_range(current, mm, first, count, false);
  if (move.need_rmap_locks) drop_rmap_locks(current, *move.vma);
}

// move_page_tables.
void move_page_tables(Task& current, Mm& mm, const Move& move) {
  const int size = 1 << current.kernel->config.table_shift;
  const auto left_in_table = [size](int page) { return size - page % size; };
  for (int done = 0, extent = 0; done < move.count; done += extent) {
    const int from = move.first + done;
    const int to = move.to + done;
    extent = std::min({move.count - done, left_in_table(from), left_in_table(to)});
    if (pmd_none(current, mm, from)) continue;
    pte_alloc(current, mm, to);
    move_ptes(current, mm, move, from, extent, to);
  }
}

// move_vma.
void move_vma(Task& current, Mm& mm, Move& move) {
  note(current, event::BeginUnmap{.mm = mm.number, .first = as_fact(move.first), .count = as_fact(move.count)});
  if (!copy_vma(current, mm, move)) return;
  move_page_tables(current, mm, move);
  munmap_range(current, move.first, move.count, false);
}

}  // namespace

void mremap(Task& current, int first, int count, int to) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_write(current);
  const Vma* const there = find_vma(mm, first);
  if (there != nullptr && there->start <= first && has_room_for(mm, 4)) {
    // mremap_to
    munmap_range(current, to, count, false);
    Vma* const vma = find_vma(mm, first);
    if (vma != nullptr && first + count <= vma->end) {
      Move move{.vma = vma, .first = first, .count = count, .to = to, .need_rmap_locks = false};
      move_vma(current, mm, move);
    }
  }
  mm.mmap_lock.up_write(current);
}

}  // namespace shootdown
