// Pointers to pages that carry flags in their low bits.
//
// A page is aligned to more than four bytes, so the two lowest bits of a
// pointer to it are zero and free for flags. An EncodedPage is a type of its own
// so that it cannot be used as a pointer by mistake. The 2022 patch has one flag,
// "dirty"; Linux 6.2 made it "delay the rmap", and 6.9 added a second: what follows in the
// array is no pointer, but the number of pages that are meant.
#pragma once

#include <cstdint>

#include "engine/kernel/page.h"

namespace shootdown {

inline constexpr unsigned encoded_page_bits = 3;  // the bits that may carry flags

// The flags of Linux 6.2 and 6.9.
// ENCODED_PAGE_BIT_DELAY_RMAP: the rmap has not been removed yet; ENCODED_PAGE_BIT_NR_PAGES_NEXT.
inline constexpr unsigned encoded_page_delay_rmap = 1;
inline constexpr unsigned encoded_page_nr_pages_next = 2;

static_assert(alignof(Page) > encoded_page_bits, "a page's address must leave the flag bits free");

// encode_nr_pages, encoded_nr_pages: whoever looks at it as if it were a pointer finds no flag.
constexpr std::uintptr_t encode_nr_pages(int pages) {
  return static_cast<std::uintptr_t>(pages) << 2U;
}
constexpr int encoded_nr_pages(std::uintptr_t bits) {
  return static_cast<int>(bits >> 2U);
}

class EncodedPage {
 public:
  // encode_page: `flags` is at most encoded_page_bits.
  EncodedPage(Page* page, unsigned flags) : bits_(reinterpret_cast<std::uintptr_t>(page) | flags) {}
  // What lies in a gather's array.
  explicit EncodedPage(std::uintptr_t bits) : bits_(bits) {}

  // encoded_page_ptr.
  Page* page() const { return reinterpret_cast<Page*>(bits_ & ~static_cast<std::uintptr_t>(encoded_page_bits)); }
  // encoded_page_flags: all flags, as a number.
  unsigned flags() const { return static_cast<unsigned>(bits_ & encoded_page_bits); }
  std::uintptr_t bits() const { return bits_; }

 private:
  std::uintptr_t bits_;
};

}  // namespace shootdown
