// Flags in the low bits of page pointers do no harm.
//
// Proves: a pointer that is encoded has its low bits free; encoding changes
// nothing but these bits, and decoding gives back both the pointer and the
// flags; what is decoded points to a page, at the start of one; and every entry
// that is released is a plain pointer again.
//
// Decodes by itself, from the bits: it does not trust the kernel to.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class EncodedPointer final : public Oracle<event::EncodePage, event::QueuePage, event::ReleasePage> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::EncodePage& event) {
    const Fact offset = event.page.offset;
    const Fact flags = event.flags;
    if ((offset & tag_bits) != 0) violate(cpu, "the address of a page has its low bits set: {:#x}", offset);
    if (flags > tag_bits) violate(cpu, "flags {:#x} do not fit in the low bits of a pointer", flags);
    if (event.encoded.offset != (offset | flags))
      violate(cpu, "a page encoded with flags {:#x} is not its address plus the flags", flags);
    if (event.decoded_page != event.page)
      violate(cpu, "a page encoded with flags {:#x} decodes to another pointer", flags);
    if (event.decoded_flags != flags) violate(cpu, "flags {:#x} decode to {:#x}", flags, event.decoded_flags);
  }

  void on(int cpu, const event::QueuePage& event) {
    if (!is_page(event.pointer.offset & ~tag_bits)) violate(cpu, "a queued entry does not point to a page");
  }

  void on(int cpu, const event::ReleasePage& event) {
    const Fact offset = event.pointer.offset;
    const Fact tag = offset & tag_bits;
    if (tag != 0) {
      violate(cpu, "page frame {} is released through a pointer that still carries flags {:#x}",
              offset / world().page_stride(), tag);
    } else if (!is_page(offset)) {
      violate(cpu, "an entry that does not point to a page is released");
    }
  }

 private:
  static constexpr Fact tag_bits = 3;

  bool is_page(Fact offset) const {
    const Fact stride = world().page_stride();
    return offset % stride == 0 && offset / stride < world().page_array_length();
  }
};

}  // namespace shootdown
