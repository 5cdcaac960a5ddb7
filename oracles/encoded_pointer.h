// Flags in the low bits of page pointers do no harm.
//
// Proves: a pointer that is encoded has its low bits free; encoding changes
// nothing but these bits, and decoding gives back both the pointer and the
// flags; what is decoded points to a page, at the start of one; and every entry
// that is released is a plain pointer again.
//
// Decodes by itself, from the bits: it does not trust EncodedPage.
#pragma once

#include <cstdint>

#include "engine/zap/encoded_page.h"
#include "engine/zap/mmu_gather.h"
#include "oracles/oracle.h"

namespace shootdown {

class EncodedPointer final : public Oracle {
 public:
  using Oracle::Oracle;

  void encoded(int cpu, const Page* page, unsigned flags, const EncodedPage& result) override {
    const auto address = reinterpret_cast<std::uintptr_t>(page);
    if ((address & tag_bits) != 0) violate(cpu, "the address of a page has its low bits set: {:#x}", offset(address));
    if (flags > tag_bits) violate(cpu, "flags {:#x} do not fit in the low bits of a pointer", flags);
    if (result.bits() != (address | flags))
      violate(cpu, "a page encoded with flags {:#x} is not its address plus the flags", flags);
    if (result.page() != page) violate(cpu, "a page encoded with flags {:#x} decodes to another pointer", flags);
    if (result.flags() != flags) violate(cpu, "flags {:#x} decode to {:#x}", flags, result.flags());
  }

  void gather_queued(const MmuGather& gather, const EncodedPage& entry) override {
    if (!is_page(entry.bits() & ~tag_bits)) violate(gather.task().cpu, "a queued entry does not point to a page");
  }

  void gather_releasing(const MmuGather& gather, const std::uintptr_t* entries, unsigned count) override {
    for (unsigned i = 0; i < count; ++i) {
      const int cpu = gather.task().cpu;
      if ((entries[i] & tag_bits) != 0) {
        violate(cpu, "page frame {} is released through a pointer that still carries flags {:#x}", frame(entries[i]),
                entries[i] & tag_bits);
      } else if (!is_page(entries[i])) {
        violate(cpu, "an entry that does not point to a page is released");
      }
    }
  }

 private:
  static constexpr std::uintptr_t tag_bits = 3;

  // Addresses are different in every process; offsets into the array of pages are not.
  std::uintptr_t offset(std::uintptr_t address) const {
    return address - reinterpret_cast<std::uintptr_t>(kernel().pages.data());
  }
  std::uintptr_t frame(std::uintptr_t address) const { return offset(address) / sizeof(Page); }
  bool is_page(std::uintptr_t address) const {
    return offset(address) < sizeof(Page) * kernel().pages.size() && offset(address) % sizeof(Page) == 0;
  }
};

}  // namespace shootdown
