#include "engine/kernel/memory.h"

#include <algorithm>

#include "engine/kernel/anon_vma.h"
#include "engine/kernel/bug.h"
#include "engine/kernel/device_exclusive.h"
#include "engine/kernel/device_memory.h"
#include "engine/kernel/device_private.h"
#include "engine/kernel/migrate.h"
#include "engine/kernel/page_alloc.h"
#include "engine/kernel/page_table.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/swap.h"
#include "engine/kernel/swap_fault.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"
#include "engine/machine/x86.h"

namespace shootdown {

namespace {

AddressSpace& file_of(Task& current, const Vma& vma) {
  return current.kernel->files[vma.file];
}

// Filesystems that write pages back have one, and a tmpfs does not.
bool has_page_mkwrite(const Task& current) {
  return mapping_can_writeback(current);
}

// ext4_page_mkwrite, where allocation is not delayed: buffers say that the page's blocks are known, and there is nothing to do.
// The page is locked.
bool leaves_clean(const Task& current, const Page* page) {
  if (!current.kernel->config.mkwrite_leaves_clean()) return false;
  also_reads(current, places::flags(folio_fact(current, page)));
  return page->test(PG_buffers);
}

// do_page_mkwrite, with the filesystem's page_mkwrite (block_page_mkwrite): announces that the page will
// be written through a mapping. True: the page is locked. False: it left the file; try again.
bool do_page_mkwrite(Task& current, Vma& vma, Page* page) {
  AddressSpace& file = file_of(current, vma);
  const bool has_buffers = current.kernel->config.keeps_buffers();
  const bool locks = has_buffers && current.kernel->truncates();
  if (locks) file.invalidate_lock.down_read(current);
  lock_page(current, page);
  // A page that begins where the file ends passes, as it does in 6.1; in 6.12 it does not.
  const bool gone = page->mapping != vma.file || (has_buffers && page->index > i_size_read(current, file));
  if (gone) {
    unlock_page(current, page);
  } else if (!leaves_clean(current, page)) {
    if (has_buffers) attach_buffers(current, page);
    set_page_dirty(current, page);
  }
  if (locks) file.invalidate_lock.up_read(current);
  return !gone;
}

// fault_dirty_shared_page. The page is locked when it is called, and not when it returns.
void fault_dirty_shared_page(Task& current, Page* page) {
  if (!planted(current, Defect::mkwrite_taken_for_dirty) || !has_page_mkwrite(current)) set_page_dirty(current, page);
  unlock_page(current, page);
}

// do_set_pte. The page-table lock is held, and the caller's reference becomes the mapping's.
void do_set_pte(Task& current, const Vma& vma, int address, Page* page, bool write) {
  Mm& mm = current.kernel->mms[vma.mm];
  const Pte entry = mk_pte(current, vma, page).mkyoung();
  const bool anonymous = write && !vma.is_shared();
  if (!planted(current, Defect::rss_counted_late))
    add_mm_counter(current, mm, anonymous ? MM_ANONPAGES : MM_FILEPAGES, 1);
  // Before the entry is there: a page that does not look mapped is neither made clean nor unmapped.
  const bool entry_first = !anonymous && planted(current, Defect::rmap_after_entry);
  if (anonymous) {
    page_add_new_anon_rmap(current, page, vma, address);
  } else if (!entry_first) {
    page_add_file_rmap(current, page);
  }
  // Who only reads gets what the mapping gives: of a private one nothing writable, for the first store must get a copy.
  const bool writable = write || (!vma.is_shared() && planted(current, Defect::private_page_writable));
  set_pte_at(current, mm, address, writable ? entry.mkdirty().mkwrite() : entry);
  if (entry_first) page_add_file_rmap(current, page);
}

// finish_fault: maps the page unless somebody else did. Returns whether it did; then the caller's reference belongs to the
// mapping.
bool finish_fault(Task& current, const Vma& vma, int address, Page* page, bool write) {
  Mm& mm = current.kernel->mms[vma.mm];
  pte_alloc(current, mm, address);
  pte_lock(current, mm, address);
  const bool unchanged = ptep_get(current, mm, address).none();
  if (unchanged) do_set_pte(current, vma, address, page, write);
  pte_unlock(current, mm, address);
  if (unchanged && planted(current, Defect::rss_counted_late))
    add_mm_counter(current, mm, mm_counter(current, page), 1);
  return unchanged;
}

// do_anonymous_page for a load: maps the page that is full of zeros.
void map_zero_page(Task& current, Mm& mm, int address) {
  const Pte entry = Pte::mapping(current.kernel->zero_pfn()).mkspecial();
  pte_alloc(current, mm, address);
  pte_lock(current, mm, address);
  if (ptep_get(current, mm, address).none())
    set_pte_at(current, mm, address, planted(current, Defect::zero_page_writable) ? entry.mkwrite() : entry);
  pte_unlock(current, mm, address);
}

// do_anonymous_page.
VmFault do_anonymous_page(Task& current, Vma& vma, int address, bool write) {
  if (!write) {
    map_zero_page(current, current.kernel->mms[vma.mm], address);
    return VmFault::none;
  }
  pte_alloc(current, current.kernel->mms[vma.mm], address);
  anon_vma_prepare(current, vma);
  Page* const page = alloc_zeroed_page(current);
  if (page == nullptr) return VmFault::oom;
  if (!finish_fault(current, vma, address, page, true)) put_page(current, page);
  return VmFault::none;
}

// do_cow_fault: a store where a private mapping shows a page of its file gets a copy at once.
VmFault do_cow_fault(Task& current, Vma& vma, int address) {
  anon_vma_prepare(current, vma);
  Page* const copy = alloc_anon_page(current);
  if (copy == nullptr) return VmFault::oom;
  Page* page = nullptr;
  const VmFault fault = filemap_fault(current, file_of(current, vma), vma.pgoff + (address - vma.start), page);
  if (fault != VmFault::none) {
    put_page(current, copy);
    return fault;
  }
  copy_highpage<event::CopyWord>(current, copy, page);
  const bool mapped = finish_fault(current, vma, address, copy, true);
  unlock_page(current, page);
  put_page(current, page);
  if (!mapped) put_page(current, copy);
  return VmFault::none;
}

// do_read_fault and do_shared_fault.
VmFault do_file_fault(Task& current, Vma& vma, int address, bool write) {
  Page* page = nullptr;
  const VmFault fault = filemap_fault(current, file_of(current, vma), vma.pgoff + (address - vma.start), page);
  if (fault != VmFault::none) return fault;
  if (write && has_page_mkwrite(current)) {
    unlock_page(current, page);
    if (!do_page_mkwrite(current, vma, page)) {
      put_page(current, page);
      return VmFault::none;  // the program tries again
    }
  }
  if (!finish_fault(current, vma, address, page, write)) {
    unlock_page(current, page);
    put_page(current, page);
  } else if (write) {
    fault_dirty_shared_page(current, page);
  } else {
    unlock_page(current, page);
  }
  return VmFault::none;
}

// do_fault, and do_anonymous_page where there is no file.
VmFault do_fault(Task& current, Vma& vma, int address, bool write) {
  if (vma.is_pfnmap()) {
    device_fault(current, vma, address);
    return VmFault::none;
  }
  if (vma.is_anonymous()) return do_anonymous_page(current, vma, address, write);
  if (write && !vma.is_shared()) return do_cow_fault(current, vma, address);
  return do_file_fault(current, vma, address, write);
}

// wp_page_reuse: the store may go to the page. Called with the page-table lock, returns without.
void wp_page_reuse(Task& current, Mm& mm, int address, Pte orig_pte) {
  ptep_set_access_flags(current, mm, address, orig_pte.mkyoung().mkdirty().mkwrite(), true);
  pte_unlock(current, mm, address);
}

// wp_page_shared: a store met a read-only entry. Called with the page-table lock, returns without.
void wp_page_shared(Task& current, Vma& vma, int address, Pte orig_pte) {
  const Kernel& kernel = *current.kernel;
  Mm& mm = kernel.mms[vma.mm];
  Page* const page = &kernel.pages[orig_pte.frame()];
  get_page(current, page);
  if (!has_page_mkwrite(current)) {
    wp_page_reuse(current, mm, address, orig_pte);
    lock_page(current, page);
    fault_dirty_shared_page(current, page);
    put_page(current, page);
    return;
  }
  pte_unlock(current, mm, address);
  if (!do_page_mkwrite(current, vma, page)) {
    put_page(current, page);
    return;
  }
  // finish_mkwrite_fault
  pte_lock(current, mm, address);
  const bool unchanged = ptep_get(current, mm, address) == orig_pte;
  const bool same = unchanged || planted(current, Defect::fault_not_repeated);
  if (same) ptep_set_access_flags(current, mm, address, orig_pte.mkyoung().mkdirty().mkwrite(), true);
  pte_unlock(current, mm, address);
  if (same) {
    fault_dirty_shared_page(current, page);
  } else {
    unlock_page(current, page);
  }
  put_page(current, page);
}

// What takes an old page's place in wp_page_copy, if the entry is as it was. Under the page-table lock.
void replace_page(Task& current, Vma& vma, int address, Page* old_page, Page* new_page) {
  Mm& mm = current.kernel->mms[vma.mm];
  const bool of_file =
      old_page != nullptr && !page_anon(current, old_page) && !planted(current, Defect::copy_counted_as_file);
  if (of_file) add_mm_counter(current, mm, MM_FILEPAGES, -1);
  if (of_file || old_page == nullptr) add_mm_counter(current, mm, MM_ANONPAGES, 1);
  // Before the new one is there, or some would see that while others still use the old one.
  if (planted(current, Defect::copy_without_flush)) {
    ptep_get_and_clear(current, mm, address);
  } else {
    ptep_clear_flush(current, mm, address);
  }
  page_add_new_anon_rmap(current, new_page, vma, address);
  set_pte_at(current, mm, address, Pte::mapping(current.kernel->pfn(new_page)).mkyoung().mkdirty().mkwrite());
  if (old_page == nullptr) return;
  page_remove_rmap(current, old_page);
  put_page(current, old_page);
}

// wp_page_copy. The caller's reference to the old page is dropped; null: it is the page of zeros.
VmFault wp_page_copy(Task& current, Vma& vma, int address, Pte orig_pte, Page* old_page) {
  Mm& mm = current.kernel->mms[vma.mm];
  anon_vma_prepare(current, vma);
  Page* const new_page = old_page == nullptr ? alloc_zeroed_page(current) : alloc_anon_page(current);
  if (new_page != nullptr) {
    if (old_page != nullptr) copy_highpage<event::CopyWord>(current, new_page, old_page);
    pte_lock(current, mm, address);
    const bool unchanged = ptep_get(current, mm, address) == orig_pte;
    if (unchanged || planted(current, Defect::copy_not_repeated)) {
      replace_page(current, vma, address, old_page, new_page);
    } else {
      put_page(current, new_page);
    }
    pte_unlock(current, mm, address);
  }
  if (old_page != nullptr) put_page(current, old_page);
  return new_page != nullptr ? VmFault::none : VmFault::oom;
}

// Whether a store may go to an anonymous page that is not known to be this mm's alone, because nobody else has a reference. Then it
// is from now on. The page-table lock is held.
bool can_reuse_anon_page(Task& current, const Vma& vma, Page* page) {
  if (planted(current, Defect::shared_page_reused) || page_anon_exclusive(current, page)) return true;
  if (page_count(current, page) > 3) return false;
  const int others = page_swapcache(current, page) ? 1 : 0;
  if (page_count(current, page) > 1 + others) return false;
  if (!trylock_page(current, page)) return false;
  if (page_swapcache(current, page)) page_free_swap(current, page);
  const bool alone = page_count(current, page) == 1;
  if (alone) page_move_anon_rmap(current, page, vma);
  unlock_page(current, page);
  return alone;
}

}  // namespace

VmFault do_wp_page(Task& current, Vma& vma, int address, Pte orig_pte) {
  if (vma.is_shared()) {
    wp_page_shared(current, vma, address, orig_pte);
    return VmFault::none;
  }
  Mm& mm = current.kernel->mms[vma.mm];
  Page* const page = vm_normal_page(current, orig_pte);
  if (page != nullptr && page_anon(current, page) && can_reuse_anon_page(current, vma, page)) {
    wp_page_reuse(current, mm, address, orig_pte);
    return VmFault::none;
  }
  if (page != nullptr) get_page(current, page);
  pte_unlock(current, mm, address);
  return wp_page_copy(current, vma, address, orig_pte, page);
}

namespace {

// do_user_addr_fault. Returns false if the access is refused.
bool do_user_addr_fault(Task& current, int page, bool write) {
  Mm& mm = *current.mm;
  mm.mmap_lock.down_read(current);
  Vma* const vma = find_vma(mm, page);
  const bool mapped = vma != nullptr && vma->start <= page;
  const bool access_error = mapped && write && vma->is_read_only();
  const VmFault fault = mapped && !access_error ? handle_mm_fault(current, *vma, page, write) : VmFault::sigbus;
  if (fault == VmFault::sigbus)
    note(current,
         event::RefuseAccess{.mm = mm.number, .page = as_fact(page), .read_only = static_cast<Fact>(access_error)});
  mm.mmap_lock.up_read(current);
  return fault == VmFault::none;
}

}  // namespace

Page* vm_normal_page(Task& current, Pte pte) {
  return pte.special() ? nullptr : &current.kernel->pages[pte.frame()];
}

Page* pfn_swap_entry_to_page(const Task& current, Pte entry) {
  Page* const page = &current.kernel->pages[entry.frame()];
  bug_on(current, entry.migrating() && !page_locked(current, page),
         "BUG_ON in pfn_swap_entry_to_page: the page of a migration entry is not locked");
  return page;
}

Page* get_swap_entry_page(Task& current, Mm& mm, int address, Pte entry) {
  pte_lock(current, mm, address);
  Page* const page = ptep_get(current, mm, address) == entry ? pfn_swap_entry_to_page(current, entry) : nullptr;
  if (page != nullptr) get_page(current, page);
  pte_unlock(current, mm, address);
  return page;
}

int folio_pte_batch(Task& current, Mm& mm, int address, int end, const Page* page) {
  const int behind = static_cast<int>(page->folio() + page->nr_pages() - page);
  const int most = std::min(end - address, behind);
  int pages = 1;
  while (pages < most) {
    const Pte pte = ptep_get(current, mm, address + pages);
    if (!pte.present() || pte.frame() != current.kernel->pfn(page + pages)) break;
    ++pages;
  }
  return pages;
}

bool vma_wants_writenotify(const Task& current, const Vma& vma) {
  if (!vma.is_shared() || vma.is_read_only() || planted(current, Defect::writenotify_forgotten)) return false;
  return mapping_can_writeback(current) && !vma.is_pfnmap();
}

Pte pte_modify(const Task& current, const Vma& vma, Pte pte) {
  const bool writable = vma.is_shared() && !vma.is_read_only() && !vma_wants_writenotify(current, vma);
  return writable ? pte.mkwrite() : pte.wrprotect();
}

Pte mk_pte(const Task& current, const Vma& vma, const Page* page) {
  return pte_modify(current, vma, Pte::mapping(current.kernel->pfn(page)));
}

void add_mm_counter(Task& current, Mm& mm, RssKind kind, long pages) {
  also_writes(current, places::of_mm(Places::Kind::rss, mm.number));
  mm.rss[kind].add(pages, std::memory_order_relaxed);
}

void add_mm_rss_vec(Task& current, Mm& mm, const RssVector& rss) {
  for (const RssKind kind : {MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS}) {
    if (rss[kind] != 0) add_mm_counter(current, mm, kind, rss[kind]);
  }
}

RssKind mm_counter(const Task& current, const Page* page) {
  return page_anon(current, page) ? MM_ANONPAGES : MM_FILEPAGES;
}

// unmap_mapping_range_tree.
void unmap_mapping_pages(Task& current, AddressSpace& file, PageSpan range, bool even_cows) {
  file.i_mmap_rwsem.down_read(current);
  for (int i = 0; i < file.i_mmap_count; ++i) {
    Vma& vma = *file.i_mmap[i];
    const int distance = vma.start - vma.pgoff;  // from the file to the mm
    const int first = std::max<int>(range.first + distance, vma.start);
    const int end = std::min<int>(range.first + range.count + distance, vma.end);
    if (first < end) current.kernel->engine.zap_page_range(current, vma, first, end, {.even_cows = even_cows});
  }
  file.i_mmap_rwsem.up_read(current);
}

void unmap_mapping_page(Task& current, Page* page) {
  bug_on(current, !page_locked(current, page), "VM_BUG_ON in unmap_mapping_folio: the folio is not locked");
  const Page* const folio = page->folio();
  unmap_mapping_pages(current, current.kernel->files[folio->mapping], {folio->index, folio->nr_pages()}, false);
}

VmFault handle_mm_fault(Task& current, Vma& vma, int page, bool write) {
  Mm& mm = current.kernel->mms[vma.mm];
  // handle_pte_fault: a first look without the lock.
  const Pte orig_pte = pmd_none(current, mm, page) ? Pte() : ptep_get(current, mm, page);
  if (orig_pte.none()) return do_fault(current, vma, page, write);
  if (orig_pte.migrating()) {
    migration_entry_wait(current, mm, page);
    return VmFault::none;  // the program tries again
  }
  if (orig_pte.device_exclusive()) {
    remove_device_exclusive_entry(current, vma, page, orig_pte);
    return VmFault::none;
  }
  if (orig_pte.device_private()) return migrate_to_ram(current, vma, page, orig_pte);
  if (orig_pte.poisoned()) return VmFault::sigbus;
  if (!orig_pte.present()) return do_swap_page(current, vma, page, orig_pte, write);

  pte_lock(current, mm, page);
  const Pte pte = ptep_get(current, mm, page);
  if (pte != orig_pte) {
    pte_unlock(current, mm, page);
    return VmFault::none;
  }
  if (write && !pte.write()) return do_wp_page(current, vma, page, pte);
  // Another CPU has made the entry good meanwhile.
  ptep_set_access_flags(current, mm, page, write ? pte.mkyoung().mkdirty() : pte.mkyoung(), write);
  pte_unlock(current, mm, page);
  return VmFault::none;
}

namespace {

// What the hardware makes of an access. It takes a writable entry of the TLB for permission to look for one in the page
// table, where it sets the dirty bit, not to store.
AccessResult translate(const Task& current, int page, bool store) {
  Machine& machine = current.kernel->machine;
  const TlbEntry* const found = machine.tlb(current.cpu).find(static_cast<std::uint16_t>(page));
  const TlbEntry cached = found != nullptr ? *found : TlbEntry{};
  const AccessResult access = x86::translate(machine, current.cpu, current.mm->number, page, store);
  const bool trusts = access.kind == Access::fault && cached.write && planted(current, Defect::writable_entry_trusted);
  if (!trusts) return access;
  return {.kind = Access::hit, .frame = cached.frame, .stale = cached.generation != machine.generation(cached.frame)};
}

// One try: false if it faults. Translation and access are one step, unless the machine is told to be one that cannot be.
bool try_user_access(Task& current, int page, int word, bool store) {
  Kernel& kernel = *current.kernel;
  const int mm = current.mm->number;
  AccessResult access;
  if (planted(current, Defect::access_split)) {
    act(current, event::Translate{.mm = as_fact(mm), .page = as_fact(page), .store = static_cast<Fact>(store)},
        [&] { access = translate(current, page, store); });
    also_reads(current, places::table(as_fact(mm), as_fact(kernel.machine.place_of(page))));
    if (access.kind == Access::fault) return false;
  }
  act(current,
      event::UserAccess{
          .mm = as_fact(mm), .page = as_fact(page), .word = as_fact(word), .store = static_cast<Fact>(store)},
      [&](event::UserAccess& found) {
        if (!planted(current, Defect::access_split)) access = translate(current, page, store);
        if (access.kind != Access::fault)
          x86::access(kernel.machine, access, word, store, store ? kernel.next_value() : 0);
        found.access = access.kind;
        found.frame = access.frame;
        found.value = access.value;
        found.stale = static_cast<Fact>(access.stale);
        found.entry = entry_fact(kernel.machine.read_pte(mm, page));
      });
  also_reads(current, places::table(as_fact(mm), as_fact(kernel.machine.place_of(page))));
  return access.kind != Access::fault;
}

}  // namespace

void user_access(Task& current, int page, int word, bool store) {
  while (!try_user_access(current, page, word, store)) {
    if (!do_user_addr_fault(current, page, store)) return;
  }
}

}  // namespace shootdown
