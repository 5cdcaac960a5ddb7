#include "engine/kernel/device_exclusive.h"

#include "engine/kernel/bug.h"
#include "engine/kernel/gup.h"
#include "engine/kernel/memory.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/writeback.h"

namespace shootdown {

namespace {

Mm& mm_of(const Task& current, const Vma& vma) {
  return current.kernel->mms[vma.mm];
}

// restore_exclusive_pte. The page is locked. Its reference was the entry's all the time.
void restore_exclusive_pte(Task& current, const Vma& vma, int address, Pte entry) {
  Pte pte = Pte::mapping(entry.frame());
  if (entry.write()) pte = vma.is_read_only() ? pte.mkdirty() : pte.mkdirty().mkwrite();
  Page* const page = pfn_swap_entry_to_page(current, entry);
  bug_on(current, pte.write() && !(page_anon(current, page) && page_anon_exclusive(current, page)),
         "VM_BUG_ON in restore_exclusive_pte: the entry is writable, and the page is not exclusive");
  page_add_anon_rmap(current, page, vma, address, false);
  set_pte_at(current, mm_of(current, vma), address, pte);
}

// What the driver does with a page that it has got, of which it has a reference.
void write_page_exclusively(Task& current, const UserPage& found, int address, int word) {
  if (!trylock_page(current, found.page)) return;
  if (make_device_exclusive(current, found.page, *current.mm, address)) {
    device_writes(current, found, address, word);
    if (!planted(current, Defect::exclusive_left_clean)) set_page_dirty(current, found.page);
  }
  unlock_page(current, found.page);
}

}  // namespace

void write_exclusively(Task& current, int page, int word) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  const UserPage found = get_user_page(current, mm, page, 1);
  if (found.page != nullptr) {
    write_page_exclusively(current, found, page, word);
    put_page(current, found.page);
  }
  mm.mmap_lock.up_read(current);
}

void remove_device_exclusive_entry(Task& current, const Vma& vma, int address, Pte entry) {
  Mm& mm = mm_of(current, vma);
  Page* const page = get_swap_entry_page(current, mm, address, entry);
  if (page == nullptr) return;
  lock_page(current, page);
  pte_lock(current, mm, address);
  if (ptep_get(current, mm, address) == entry) restore_exclusive_pte(current, vma, address, entry);
  pte_unlock(current, mm, address);
  unlock_page(current, page);
  put_page(current, page);
}

bool try_restore_exclusive_pte(Task& current, const Vma& vma, int address, Pte entry) {
  Page* const page = pfn_swap_entry_to_page(current, entry);
  if (!trylock_page(current, page)) return false;
  restore_exclusive_pte(current, vma, address, entry);
  unlock_page(current, page);
  return true;
}

}  // namespace shootdown
