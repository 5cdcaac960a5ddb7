// What the model's events say in words: functions that come to what has been freed, and the kernel's assertions.
//
// Events carry numbers (TextFact), which are places in this list.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/events/facts.h"

namespace shootdown {

inline constexpr auto kernel_texts = std::to_array<std::string_view>({
    // event::UseFreed
    "rmap_walk_anon",
    "gup_pte_range",
    "pte_offset_map_lock",
    // event::KernelWarns (bug.h)
    "BUG in folio_end_writeback: the folio is not under writeback",
    "BUG: Bad page state",
    "BUG_ON in __page_set_anon_rmap: the mapping has no anon_vma",
    "BUG_ON in do_swap_page: the page is exclusive",
    "BUG_ON in folio_mkclean: the folio is not locked",
    "BUG_ON in pfn_swap_entry_to_page: the page of a migration entry is not locked",
    "BUG_ON in write_cache_pages: the page is under writeback",
    "VM_BUG_ON in __swap_entry_free_locked: the slot is not in the swap cache",
    "VM_BUG_ON in restore_exclusive_pte: the entry is writable, and the page is not exclusive",
    "VM_BUG_ON in unmap_mapping_folio: the folio is not locked",
    "VM_BUG_ON_FOLIO in __delete_from_swap_cache: the folio is under writeback",
    "VM_BUG_ON_FOLIO in folio_clear_dirty_for_io: the folio is not locked",
    "VM_BUG_ON_FOLIO in folio_free_swap: the folio is not locked",
    "VM_BUG_ON_FOLIO in folio_get: the folio has no reference",
    "VM_BUG_ON_FOLIO in folio_unlock: the folio is not locked",
    "VM_BUG_ON_FOLIO in page_move_anon_rmap: the folio is not locked",
    "VM_BUG_ON_FOLIO in rmap_walk_file: the folio is not locked",
    "VM_BUG_ON_PAGE in __tlb_remove_page_size: the batch has no room",
    "VM_BUG_ON_PAGE in page_add_anon_rmap: the page is not locked",
    "VM_BUG_ON_PAGE in page_add_anon_rmap: the page is exclusive, and mapped elsewhere",
    "VM_BUG_ON_PAGE in put_page_testzero: the page has no reference",
    "VM_BUG_ON_VMA in page_move_anon_rmap: the mapping has no anon_vma",
    "WARN_ON_ONCE in filemap_unaccount_folio: the folio is dirty",
    "swap_info_get: Unused swap offset entry",
});

// One of them. Another text does not compile.
consteval TextFact text_of(TextFact::Kind kind, std::string_view text) {
  const auto* const found = std::ranges::find(kernel_texts, text);
  if (found == kernel_texts.end()) throw "the list of texts has no such one";
  return {.kind = kind, .number = static_cast<Fact>(found - kernel_texts.begin())};
}

}  // namespace shootdown
