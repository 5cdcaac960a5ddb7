#include "engine/kernel/rmap.h"

#include "engine/check.h"
#include "engine/kernel/page_table.h"

namespace shootdown {

void page_add_file_rmap(Task& current, Page* page) {
  act(current, event::AddRmap{.page = frame_fact(current, page)},
      [&](event::AddRmap& found) { found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1; });
}

namespace {

// __page_set_anon_rmap. Nobody else can find the page yet.
void set_anon_rmap(Page* page, const Vma& vma, int address) {
  AnonVma* const anon_vma = vma.anon_vma.load(std::memory_order_relaxed);
  SHOOTDOWN_CHECK(anon_vma != nullptr);
  page->index = static_cast<std::uint16_t>(vma.pgoff + (address - vma.start));
  const Unwatched unwatched;
  page->anon_vma_lives.store(anon_vma->lives.load(std::memory_order_relaxed), std::memory_order_relaxed);
  page->anon_vma.store(anon_vma, std::memory_order_release);
}

}  // namespace

void page_add_new_anon_rmap(Task& current, Page* page, const Vma& vma, int address) {
  act(current, event::AddRmap{.page = frame_fact(current, page)}, [&](event::AddRmap& found) {
    set_anon_rmap(page, vma, address);
    found.mapcount = page->mapcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
  also_reads(current, places::of_mm(Places::Kind::mappings, vma.mm));
  also_writes(current, places::identity(frame_fact(current, page)));
}

void page_remove_rmap(Task& current, Page* page) {
  act(current, event::RemoveRmap{.page = frame_fact(current, page)},
      [&](event::RemoveRmap& found) { found.mapcount = page->mapcount.fetch_sub(1, std::memory_order_acq_rel) - 1; });
}

namespace {

// page_mkclean_one, with page_vma_mapped_walk under PVMW_SYNC: the page-table lock is taken before the
// entry is looked at, even if the entry is none. Whoever zaps under that lock is waited for. Where there is no page table
// nobody zaps.
bool page_mkclean_one(Task& current, Mm& mm, int page, FrameNumber pfn) {
  if (pmd_none(current, mm, page)) return false;
  bool cleaned = false;
  if (planted(current, Defect::mkclean_without_sync) && ptep_get(current, mm, page).none()) return false;
  pte_lock(current, mm, page);
  const Pte pte = ptep_get(current, mm, page);
  if (pte.present() && pte.frame() == pfn && (pte.dirty() || pte.write())) {
    const bool flushes = !planted(current, Defect::mkclean_without_flush);
    const Pte entry = flushes ? ptep_clear_flush(current, mm, page) : ptep_get_and_clear(current, mm, page);
    const Pte kept = planted(current, Defect::mkclean_keeps_writable) ? entry : entry.wrprotect();
    set_pte_at(current, mm, page, kept.mkclean());
    cleaned = true;
  }
  pte_unlock(current, mm, page);
  return cleaned;
}

}  // namespace

bool page_mapped(Task& current, Page* page, bool for_mkclean) {
  const auto look = act(
      current, event::ReadMapcount{.page = frame_fact(current, page), .for_mkclean = static_cast<Fact>(for_mkclean)},
      [&](event::ReadMapcount& found) { found.mapcount = page->mapcount.load(std::memory_order_acquire); });
  return look.mapcount > 0;
}

int page_mkclean(Task& current, Page* page) {
  SHOOTDOWN_CHECK(page->test(PG_locked));
  const Kernel& kernel = *current.kernel;
  if (!page_mapped(current, page, true) || page->mapping < 0) return 0;

  // rmap_walk_file
  int cleaned = 0;
  AddressSpace& file = kernel.files[page->mapping];
  file.i_mmap_rwsem.down_read(current);
  for (int i = 0; i < file.i_mmap_count; ++i) {
    const Vma& vma = *file.i_mmap[i];
    if (!vma.is_shared()) continue;  // invalid_mkclean_vma: it only reads
    const int length = vma.end - vma.start;
    if (page->index < vma.pgoff || page->index >= vma.pgoff + length) continue;
    if (cleaned != 0 && planted(current, Defect::mkclean_first_mapping_only)) break;
    const int address = vma.start + (page->index - vma.pgoff);
    if (page_mkclean_one(current, kernel.mms[vma.mm], address, kernel.pfn(page))) ++cleaned;
  }
  file.i_mmap_rwsem.up_read(current);
  return cleaned;
}

}  // namespace shootdown
