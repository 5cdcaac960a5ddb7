// struct page, for pages of files and anonymous ones; and folios, which are one page or
// some in a row.
//
// Follows include/linux/mm_types.h and page-flags.h of Linux 6.1: flags and
// counts are atomic; `mapping` and `index` are plain, guarded by the page lock
// (readers) and by the page lock together with the i_pages lock (writers).
// The alignment is the kernel's (CONFIG_HAVE_ALIGNED_STRUCT_PAGE): the low bits
// of a pointer to a page are free to carry flags.
#pragma once

#include <cstdint>

#include "engine/events/facts.h"
#include "engine/machine/machine.h"
#include "engine/sched/atomic.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

struct AnonVma;

struct alignas(2 * sizeof(void*)) Page {
  Atomic<std::uint32_t> flags{0};
  Atomic<std::int32_t> refcount{0};
  // How many page-table entries map it. The kernel's _mapcount is one less.
  Atomic<std::int32_t> mapcount{0};
  Shared<std::int8_t> mapping = std::int8_t{-1};   // the file whose page cache it is in, or -1
  WaitQueue waiters;                               // for PG_locked and PG_writeback to clear
  Shared<std::uint16_t> index = std::uint16_t{0};  // its place there; of an anonymous page, in its anon_vma's mappings
  // PageAnon: it was never a file's, and whoever wants to know where it is mapped asks this (page->mapping with
  // PAGE_MAPPING_ANON). Set when it is mapped first, and until it is freed; that one may be gone before.
  Atomic<AnonVma*> anon_vma{nullptr};
  Atomic<std::uint16_t> anon_vma_lives{0};  // which life of it (the harness's)
  // compound_head, as how many pages it is behind its folio's first one, to which flags, counts and waiters of the whole folio
  // belong; and of a first one, folio_nr_pages. Neither changes as long as anybody has a reference.
  Atomic<std::uint8_t> folio_offset{0};
  Atomic<std::uint8_t> folio_pages{1};
  Shared<std::uint8_t> swap_slot = std::uint8_t{0};  // page_private: with PG_swapcache
  // The next one in the list that it is in, which is the free list or one of who reclaims pages: how many pages behind it; 0: none. Of a
  // device's private memory: the one behind it, if it is in use.
  Shared<std::int16_t> lru = std::int16_t{0};

  Page* next() { return lru == 0 ? nullptr : this + lru; }
  void set_next(const Page* page) { lru = static_cast<std::int16_t>(page == nullptr ? 0 : page - this); }

  // page_folio: the first page of its folio.
  Page* folio() {
    const Unwatched unwatched;
    return this - folio_offset.load(std::memory_order_relaxed);
  }
  const Page* folio() const { return const_cast<Page*>(this)->folio(); }
  // folio_nr_pages.
  int nr_pages() const {
    const Unwatched unwatched;
    return folio()->folio_pages.load(std::memory_order_relaxed);
  }

  // Whether the folio has the flag.
  bool test(PageFlag flag) const { return (folio()->flags.load(std::memory_order_relaxed) & flag) != 0; }
};
static_assert(max_frames <= INT16_MAX);

}  // namespace shootdown
