#include "engine/kernel/memory_failure.h"

#include "engine/kernel/anon_vma.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/truncate.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

// mfill_atomic_pte_poison. False: there is an entry.
bool poison_pte(Task& current, Mm& mm, int address) {
  pte_alloc(current, mm, address);
  pte_lock(current, mm, address);
  const bool none = ptep_get(current, mm, address).none();
  if (none) set_pte_at(current, mm, address, Pte::poison());
  pte_unlock(current, mm, address);
  return none;
}

}  // namespace

void uffdio_poison(Task& current, int first, int count) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  Vma* const vma = find_vma(mm, first);
  const bool fits = vma != nullptr && vma->start <= first && first + count <= vma->end && vma->is_anonymous();
  // Without one a fork would take its page tables for empty.
  if (fits && !planted(current, Defect::poison_without_anon_vma)) anon_vma_prepare(current, *vma);
  for (int address = first; fits && address < first + count; ++address) {
    if (!poison_pte(current, mm, address)) break;
  }
  mm.mmap_lock.up_read(current);
}

namespace {

// follow_page_pte. Null: there is none.
Page* get_present_page(Task& current, Mm& mm, int address) {
  if (pmd_none(current, mm, address)) return nullptr;
  pte_lock(current, mm, address);
  const Pte pte = ptep_get(current, mm, address);
  Page* const page = pte.present() ? vm_normal_page(current, pte) : nullptr;
  if (page != nullptr) get_page(current, page);
  pte_unlock(current, mm, address);
  return page;
}

// get_user_pages_fast as far as it takes mmap_lock: the page that a place shows, with a reference.
Page* get_shown_page(Task& current, Mm& mm, int address) {
  mm.mmap_lock.down_read(current);
  const Vma* const vma = find_vma(mm, address);
  const bool mapped = vma != nullptr && vma->start <= address;
  Page* const page = mapped ? get_present_page(current, mm, address) : nullptr;
  mm.mmap_lock.up_read(current);
  return page;
}

// Whether the disk has what is in a page of a file, and nobody can store to it before it is locked again.
bool is_clean(Task& current, Page* page) {
  if ((page_flags(current, page) & PG_dirty) != 0) return false;
  if (page_mkclean(current, page) == 0) return true;
  set_page_dirty(current, page);
  return false;
}

// hwpoison_user_mappings, and me_pagecache_clean. The page is locked.
void fail_page(Task& current, Page* page) {
  if (page_anon(current, page)) {
    if (!page_swapcache(current, page)) try_to_unmap(current, page, {.sync = true, .hwpoison = true});
  } else if (page->mapping >= 0 && mapping_can_writeback(current) && is_clean(current, page)) {
    if (page_mapped(current, page)) try_to_unmap(current, page, {.sync = true});
    truncate_error_page(current, page);
  }
}

// memory_failure. One that somebody has taken off its LRU list is left alone, and so is a part of a large folio, which cannot be split.
void memory_failure(Task& current, Page* page) {
  lock_page(current, page);
  also_reads(current, places::flags(frame_fact(current, page)));
  if (page->test(PG_lru) && page->nr_pages() == 1) {
    wait_on_page_writeback(current, page);
    fail_page(current, page);
  }
  unlock_page(current, page);
}

}  // namespace

void madvise_hwpoison(Task& current, int first, int count) {
  for (int address = first; address < first + count; ++address) {
    Page* const page = get_shown_page(current, *current.mm, address);
    if (page == nullptr) continue;
    memory_failure(current, page);
    put_page(current, page);
  }
}

}  // namespace shootdown
