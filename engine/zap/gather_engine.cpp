#include "engine/zap/gather_engine.h"

#include <algorithm>

#include "engine/kernel/anon_vma.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

int table_size(const MmuGather& tlb) {
  return 1 << tlb.task().kernel->config.table_shift;
}

// free_pgd_range for [start, end), where the mm has no mapping: frees the page tables in which no other has a part.
void free_pgd_range(MmuGather& tlb, int start, int end) {
  const int size = table_size(tlb);
  for (int first = start / size * size; first < end; first += size) {
    const Vma* const next = find_vma(tlb.mm(), first);
    const bool in_use = next != nullptr && next->start < first + size;
    if (in_use && !planted(tlb.task(), Defect::used_table_freed)) continue;
    // Nobody else can find it any more, or make one.
    if (!pmd_present(tlb.task(), tlb.mm(), first)) continue;
    pmd_clear(tlb.task(), tlb.mm(), first);
    tlb.remove_table(first);
  }
}

// free_pgtables. Mappings so near to each other that they may share a page table are all unlinked before it is freed.
void free_pgtables(MmuGather& tlb, std::span<Vma* const> vmas) {
  while (!vmas.empty()) {
    const int start = vmas.front()->start;
    int end = start;
    while (!vmas.empty() && vmas.front()->start <= end + table_size(tlb)) {
      unlink_anon_vmas(tlb.task(), *vmas.front());
      unlink_file_vma(tlb.task(), *vmas.front());
      end = vmas.front()->end;
      vmas = vmas.subspan(1);
    }
    free_pgd_range(tlb, start, end);
  }
}

// Takes an entry out of the page table, and returns how it was then; at the look it was `found`.
Pte take_entry(Task& current, Mm& mm, int address, Pte found) {
  const Pte pte = ptep_get_and_clear(current, mm, address);
  return planted(current, Defect::entry_read_before_clear) ? found : pte;
}

// get_and_clear_full_ptes: the same of so many; the first of them, with what the others say of the folio.
Pte take_entries(Task& current, Mm& mm, int address, int entries, Pte found) {
  Pte pte = take_entry(current, mm, address, found);
  for (int i = 1; i < entries; ++i) {
    const Pte other = take_entry(current, mm, address + i, found);
    if (planted(current, Defect::range_bits_of_first)) continue;
    if (other.dirty()) pte = pte.mkdirty();
    if (other.young()) pte = pte.mkyoung();
  }
  return pte;
}

// Whether somebody else wants the CPU, when so many entries have been looked at under one lock.
bool need_resched(const Task& current, int entries) {
  const int most = current.kernel->config.resched;
  return most != 0 && entries == most;
}

// should_zap_page: copies that a private mapping has in place of its file's pages are not that file's.
bool should_zap_page(const Task& current, const Page* page, const ZapDetails& details) {
  if (details.even_cows || planted(current, Defect::copies_zapped)) return true;
  return page == nullptr || !page_anon(current, page);
}

// Of a page that a device has the entry has a reference, and no rmap.
void put_exclusive_page(Task& current, Page* page) {
  if (planted(current, Defect::exclusive_rmap_removed)) page_remove_rmap(current, page);
  if (!planted(current, Defect::exclusive_page_kept)) put_page(current, page);
}

// An entry of a page in a device's private memory is counted by the rmap.
void put_private_page(Task& current, Page* page) {
  if (!planted(current, Defect::private_rmap_kept)) page_remove_rmap(current, page);
  put_page(current, page);
}

// What a poisoned entry stands for counts no page.
bool may_clear_poison(Task& current, const ZapDetails& details, RssVector& rss) {
  if (planted(current, Defect::poison_counted)) --rss[MM_ANONPAGES];
  return details.even_cows || planted(current, Defect::poison_not_spared);
}

// What an entry that is not present stands for goes: a copy, or anonymous memory, in swap space; a page which is being
// moved; one that a device has, for itself or in its memory, to which no CPU has a translation; a place that nobody may use. False: it
// is to stay.
bool zap_absent(Task& current, Pte entry, const ZapDetails& details, RssVector& rss) {
  if (entry.poisoned()) return may_clear_poison(current, details, rss);
  if (entry.swapped()) {
    if (!details.even_cows) return false;
    --rss[MM_SWAPENTS];
    if (!planted(current, Defect::swap_slot_kept)) free_swap_and_cache(current, static_cast<int>(entry.slot()));
    return true;
  }
  Page* const page = pfn_swap_entry_to_page(current, entry);
  if (!should_zap_page(current, page, details)) return false;
  --rss[mm_counter(current, page)];
  if (entry.device_exclusive()) put_exclusive_page(current, page);
  if (entry.device_private()) put_private_page(current, page);
  return true;
}

// What the kernel must not do under a spinlock.
void make_mistakes_under_lock(Task& current, Page* page) {
  if (planted(current, Defect::sleep_under_lock)) wait_on_page_writeback(current, page);
  if (planted(current, Defect::i_mmap_under_lock) && page->mapping >= 0) {
    RwSemaphore& i_mmap = current.kernel->files[page->mapping].i_mmap_rwsem;
    i_mmap.down_read(current);
    i_mmap.up_read(current);
  }
}

}  // namespace

// zap_present_folio_ptes, when the entries are taken out: so many, the first of which mapped `page`. Returns whether the gather is
// full.
bool GatherEngine::zap_folio_ptes(MmuGather& tlb, Page* page, int nr, Pte pte, bool& force_flush) const {
  Task& current = tlb.task();
  make_mistakes_under_lock(current, page);
  const bool of_file = !page_anon(current, page);
  const bool is_news = !planted(current, Defect::clean_page_taken_for_clean) || page->test(PG_dirty);
  const bool dirty = of_file && pte.dirty() && is_news && !planted(current, Defect::dirty_bit_dropped);
  const Treatment treatment = dirty ? zap_dirty(tlb, page) : zap_other(tlb, page);
  if (treatment.force_flush) force_flush = true;
  if (of_file && pte.young() && vma_has_recency(current)) mark_page_accessed(current, page);
  if (!treatment.delay_rmap && !planted(current, Defect::rmap_not_removed)) page_remove_rmap(current, page, nr);
  if (planted(current, Defect::rmap_removed_twice)) page_remove_rmap(current, page, nr);
  if (planted(current, Defect::page_not_queued)) return false;
  const bool full = tlb.remove_page(page, treatment.flags, nr);
  if (full || !planted(current, Defect::page_queued_twice)) return full;
  get_page_refs(current, page, nr);  // so that the page survives: the oracle is to see the queue, not a crash
  return tlb.remove_page(page, 0, nr);
}

// The loop of zap_pte_range, under the page-table lock. It ends early when the gather is full, or somebody else wants the
// CPU.
GatherEngine::Piece GatherEngine::zap_ptes(MmuGather& tlb, int page, int end, const ZapDetails& details,
                                           bool& force_flush) const {
  Task& current = tlb.task();
  Mm& mm = tlb.mm();
  bool full = false;
  int entries = 0;
  int nr = 1;
  RssVector rss = {};
  for (; page != end && !full; page += nr) {
    nr = 1;
    if (page + 1 == end && planted(current, Defect::last_entry_skipped)) continue;
    const Pte found = ptep_get(current, mm, page);
    if (found.none()) continue;
    if (need_resched(current, entries++)) break;
    if (!found.present()) {
      if (zap_absent(current, found, details, rss))
        ptep_get_and_clear(current, mm, page);  // pte_clear_not_present_full
      continue;
    }
    Page* const mapped = vm_normal_page(current, found);
    if (!should_zap_page(current, mapped, details)) continue;
    if (queues_ranges() && mapped != nullptr) nr = folio_pte_batch(current, mm, page, end, mapped);
    const Pte pte = take_entries(current, mm, page, nr, found);
    for (int i = 0; i < nr; ++i) tlb.remove_tlb_entry(page + i);
    if (found.frame() == current.kernel->zero_pfn() && planted(current, Defect::zero_page_counted)) --rss[MM_ANONPAGES];
    if (mapped == nullptr) continue;
    rss[mm_counter(current, mapped)] -= nr;
    full = zap_folio_ptes(tlb, mapped, nr, pte, force_flush);
  }
  add_mm_rss_vec(current, mm, rss);
  if (planted(current, Defect::rss_counted_twice)) add_mm_rss_vec(current, mm, rss);
  return {.end = page, .full = full};
}

// Zaps the entries of [page, end), which are in one page table.
void GatherEngine::zap_pte_range(MmuGather& tlb, int page, int end, const ZapDetails& details) const {
  Task& current = tlb.task();
  Mm& mm = tlb.mm();
  const bool locks = !planted(current, Defect::no_page_table_lock);
  const bool flushes_late = planted(current, Defect::flushed_after_unlock);
  bool force_flush = false;
  do {
    if (locks) pte_lock(current, mm, page);
    if (!planted(current, Defect::batched_flush_ignored_by_zap)) flush_tlb_batched_pending(current, mm);
    const Piece piece = zap_ptes(tlb, page, end, details, force_flush);
    page = piece.end;
    const bool put_off = page != end && planted(current, Defect::forced_flush_put_off);
    const bool flushes = piece.full || (force_flush && !put_off);
    if (flushes && !flushes_late) flush_under_lock(tlb);
    if (locks && !planted(current, Defect::lock_never_dropped)) pte_unlock(current, mm, end - 1);
    if (flushes && flushes_late) flush_under_lock(tlb);
    if (flushes) {
      tlb.flush();
      force_flush = false;
    }
    if (piece.full && page != end && planted(current, Defect::entry_skipped_when_full)) ++page;
  } while (page != end);
}

void GatherEngine::unmap_single_vma(MmuGather& tlb, const Vma& vma, int first, int end,
                                    const ZapDetails& details) const {
  const Fact mm = tlb.mm().number;
  // Nothing is promised of a range in which copies stay.
  const bool zaps_all = details.even_cows || vma.is_shared();
  if (zaps_all) note(tlb.task(), event::BeginZap{.mm = mm, .first = as_fact(first), .count = as_fact(end - first)});
  each_page_table(tlb.task(), tlb.mm(), first, end, [&](int from, int to) { zap_pte_range(tlb, from, to, details); });
  tlb.end_vma(vma);
  if (zaps_all) note(tlb.task(), event::EndZap{.mm = mm, .first = as_fact(first), .count = as_fact(end - first)});
}

void GatherEngine::zap_page_range(Task& current, Vma& vma, int first, int end, const ZapDetails& details) const {
  MmuGather tlb(current, current.kernel->mms[vma.mm], false, *this);
  unmap_single_vma(tlb, vma, first, end, details);
  tlb.finish();
}

void GatherEngine::unmap_region(Task& current, std::span<Vma* const> vmas) const {
  MmuGather tlb(current, *current.mm, false, *this);
  for (const Vma* const vma : vmas) unmap_single_vma(tlb, *vma, vma->start, vma->end, {});
  free_pgtables(tlb, vmas);
  tlb.finish();
}

void GatherEngine::exit_mmap(Task& current) const {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  Vma* all[max_vmas];
  const std::span<Vma* const> vmas(all, std::copy_n(mm.mmap.begin(), static_cast<int>(mm.map_count), all));
  MmuGather tlb(current, mm, true, *this);
  for (const Vma* const vma : vmas) unmap_single_vma(tlb, *vma, vma->start, vma->end, {});
  mm.mmap_lock.up_read(current);
  mm.mmap_lock.down_write(current);
  mm.map_count = 0;
  free_pgtables(tlb, vmas);
  tlb.finish();
  mm.mmap_lock.up_write(current);
}

}  // namespace shootdown
