// User programs' loads and stores, page faults, and unmapping by file.
//
// Follows mm/memory.c and arch/x86/mm/fault.c of Linux 6.1: unmap_mapping_pages,
// do_read_fault, do_shared_fault, do_cow_fault, do_anonymous_page, do_wp_page with
// wp_page_shared and wp_page_copy, and the page_mkwrite of a filesystem that wants to
// know when a page becomes writable. Not modelled: fault-around, VM_FAULT_RETRY with
// mmap_lock dropped, out-of-memory kills (an access that gets no memory is given up
// like one that is refused).
#pragma once

#include "engine/kernel/filemap.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

// A user program's instruction on a word of a virtual page; faults until it works or is refused.
void user_access(Task& current, int page, int word, bool store);

// vm_normal_page: the page that a present entry maps; null: one that no struct page counts.
Page* vm_normal_page(Task& current, Pte pte);

// pfn_swap_entry_to_page: the page of an entry that is not present and says that the page is being moved, that a device has it, or that
// it is in a device's private memory.
// The page-table lock is held.
Page* pfn_swap_entry_to_page(const Task& current, Pte entry);
// The same of an entry that a fault has met, with a reference and without the lock; null: it is another by now. Linux takes the reference
// without looking again, and then locks whatever the page has become (folio_try_get). That may be a page whose owner locks it by a plain
// store, as nobody else is to know of it (__folio_set_locked), and whose lock is then dropped for him.
Page* get_swap_entry_page(Task& current, Mm& mm, int address, Pte entry);

// folio_pte_batch: how many entries of [address, end), the first of which maps `page`, map pages of its folio in a row. They are in
// one page table, whose lock is held.
int folio_pte_batch(Task& current, Mm& mm, int address, int end, const Page* page);

// vma_wants_writenotify: whether somebody wants to be told of the first store to a page of a mapping that is shared and writable.
bool vma_wants_writenotify(const Task& current, const Vma& vma);
// What the mapping's vm_page_prot makes of an entry: it is writable if the mapping is and that is nobody's concern, and
// otherwise not yet (pte_modify). And an entry for a page that is made so (mk_pte).
Pte pte_modify(const Task& current, const Vma& vma, Pte pte);
Pte mk_pte(const Task& current, const Vma& vma, const Page* page);

// add_mm_counter; add_mm_rss_vec, of what was counted by kind; and as what a page counts. The page-table lock is held.
using RssVector = long[rss_kinds];
void add_mm_counter(Task& current, Mm& mm, RssKind kind, long pages);
void add_mm_rss_vec(Task& current, Mm& mm, const RssVector& rss);
RssKind mm_counter(const Task& current, const Page* page);

// vma_has_recency: whether pages that programs have accessed are to be kept for that. All mappings are alike.
inline bool vma_has_recency(const Task& current) {
  return current.kernel->config.seq_read == 0;
}

// copy_highpage, told of by events of the kind `Copy`. Others may store to the page meanwhile.
template <typename Copy>
void copy_highpage(Task& current, Page* to, Page* from) {
  Kernel& kernel = *current.kernel;
  for (int word = 0; word < kernel.config.words; ++word) {
    act(current, Copy{.page = frame_fact(current, from), .to = kernel.pfn(to), .word = as_fact(word)},
        [&](Copy& found) {
          found.value = kernel.frame(from).words[word].load(std::memory_order_relaxed);
          kernel.frame(to).words[word].store(found.value, std::memory_order_relaxed);
        });
  }
}

// unmap_mapping_pages: zaps all that maps pages of the range, in whatever mm; `even_cows`: and what private mappings have in
// their place.
void unmap_mapping_pages(Task& current, AddressSpace& file, PageSpan range, bool even_cows);
// unmap_mapping_folio: the same for one folio, which is locked: nobody maps it until it is unlocked.
void unmap_mapping_page(Task& current, Page* page);

// do_wp_page: a store met a read-only entry. Called with the page-table lock, returns without.
VmFault do_wp_page(Task& current, Vma& vma, int address, Pte orig_pte);

// handle_mm_fault. mmap_lock is held for reading.
VmFault handle_mm_fault(Task& current, Vma& vma, int page, bool write);

}  // namespace shootdown
