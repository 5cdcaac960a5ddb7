#include "engine/zap/gather_engine.h"

#include <algorithm>

#include "engine/kernel/mmap.h"

namespace shootdown {

namespace {

// free_pgd_range for the stretch of `vma`: a page table in which no mapping is left is freed. Page tables
// have no memory in this model; what counts is that freeing one makes the flush reach lazy CPUs too.
void free_page_tables(MmuGather& tlb, const Vma& vma) {
  const unsigned shift = tlb.task().kernel->config.table_shift;
  const int size = 1 << shift;
  for (int table = vma.start >> shift; table <= (vma.end - 1) >> shift; ++table) {
    const int first = table * size;
    const Vma* const next = find_vma(tlb.mm(), first);
    const bool in_use = next != nullptr && next->start < first + size;
    if (!in_use) tlb.remove_table(first, size);
  }
}

// free_pgtables.
void free_pgtables(MmuGather& tlb, std::span<Vma* const> vmas) {
  for (Vma* const vma : vmas) {
    unlink_file_vma(tlb.task(), *vma);
    free_page_tables(tlb, *vma);
  }
}

}  // namespace

// zap_pud_range and zap_pmd_range: one page table after the other.
void GatherEngine::unmap_single_vma(MmuGather& tlb, const Vma& vma, int first, int end) const {
  const unsigned shift = tlb.task().kernel->config.table_shift;
  for (int page = first; page < end;) {
    const int table_end = ((page >> shift) + 1) << shift;
    const int next = std::min(table_end, end);
    zap_pte_range(tlb, vma, page, next);
    page = next;
  }
}

void GatherEngine::zap_page_range(Task& current, Vma& vma, int first, int end) const {
  MmuGather tlb(current, *current.mm, false, release());
  unmap_single_vma(tlb, vma, first, end);
  tlb.finish();
}

void GatherEngine::unmap_region(Task& current, std::span<Vma* const> vmas) const {
  MmuGather tlb(current, *current.mm, false, release());
  for (const Vma* const vma : vmas) unmap_single_vma(tlb, *vma, vma->start, vma->end);
  free_pgtables(tlb, vmas);
  tlb.finish();
}

void GatherEngine::exit_mmap(Task& current) const {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current.kernel->sched);
  const std::span<Vma* const> vmas(mm.mmap, static_cast<std::size_t>(mm.map_count));
  MmuGather tlb(current, mm, true, release());
  for (const Vma* const vma : vmas) unmap_single_vma(tlb, *vma, vma->start, vma->end);
  mm.mmap_lock.up_read(current.kernel->sched);
  mm.mmap_lock.down_write(current.kernel->sched);
  mm.map_count = 0;
  free_pgtables(tlb, vmas);
  tlb.finish();
  mm.mmap_lock.up_write(current.kernel->sched);
}

}  // namespace shootdown
