// A page-table entry of the modelled hardware.
//
// A plain 64-bit value with x86's bits. What an entry that is not present means
// is the operating system's affair; the hardware only looks at `present`. It may
// lead to a slot of swap space, or say which page is being moved to another frame,
// and how it was mapped; and in both cases that nobody else has what is there. It may
// say which page a device has to itself, and how it was mapped; which page of a device's
// private memory is mapped, and whether it may be written to; or that nobody may use the
// place. The system's, too, is `special` of one that is present: it leads to a frame that
// no struct page counts.
#pragma once

#include <cstdint>

#include "engine/events/facts.h"
#include "engine/sched/atomic.h"

namespace shootdown {

// Identifies a page frame; not an address.
using FrameNumber = std::uint16_t;

class Pte {
 public:
  constexpr Pte() = default;
  explicit constexpr Pte(std::uint64_t bits) : bits_(bits) {}
  // A present entry, readable, neither accessed nor dirty.
  static constexpr Pte mapping(FrameNumber frame) {
    return Pte(present_bit | static_cast<std::uint64_t>(frame) << frame_shift);
  }
  // swp_entry_to_pte, of a slot of swap space.
  static constexpr Pte swap(unsigned slot) { return Pte(swap_bit | static_cast<std::uint64_t>(slot) << frame_shift); }
  // make_writable_migration_entry and its like, of an entry that maps a page: keeps what it allows, and whether it was used.
  static constexpr Pte migration(Pte pte, bool exclusive) {
    return Pte((pte.bits_ & ~(present_bit | special_bit | device_private_bit)) | migration_bit |
               (exclusive ? exclusive_bit : 0U));
  }
  // make_writable_device_exclusive_entry and its like, of a present entry: keeps what it allows.
  static constexpr Pte exclusive_to_device(Pte pte) {
    return Pte((pte.bits_ & (frame_bits | write_bit)) | device_exclusive_bit);
  }
  // make_writable_device_private_entry and its like, of what a present entry would be: keeps what that would allow.
  static constexpr Pte private_to_device(Pte pte) {
    return Pte((pte.bits_ & (frame_bits | write_bit)) | device_private_bit);
  }
  // make_pte_marker(PTE_MARKER_POISONED), and make_hwpoison_entry: which frame has failed, nobody asks.
  static constexpr Pte poison() { return Pte(poison_bit); }

  constexpr bool none() const { return bits_ == 0; }
  constexpr bool present() const { return (bits_ & present_bit) != 0; }
  constexpr bool write() const { return (bits_ & write_bit) != 0; }
  constexpr bool young() const { return (bits_ & accessed_bit) != 0; }
  constexpr bool dirty() const { return (bits_ & dirty_bit) != 0; }
  constexpr bool swapped() const { return !present() && (bits_ & swap_bit) != 0; }
  constexpr bool migrating() const { return !present() && (bits_ & migration_bit) != 0; }
  constexpr bool device_exclusive() const { return !present() && (bits_ & device_exclusive_bit) != 0; }
  constexpr bool device_private() const { return !present() && (bits_ & device_private_bit) != 0; }
  constexpr bool poisoned() const { return !present() && (bits_ & poison_bit) != 0; }
  constexpr bool swp_exclusive() const { return (bits_ & exclusive_bit) != 0; }
  constexpr unsigned slot() const { return static_cast<unsigned>(bits_ >> frame_shift); }
  constexpr bool special() const { return (bits_ & special_bit) != 0; }
  constexpr FrameNumber frame() const { return static_cast<FrameNumber>(bits_ >> frame_shift); }
  constexpr std::uint64_t bits() const { return bits_; }

  constexpr Pte mkwrite() const { return Pte(bits_ | write_bit); }
  constexpr Pte wrprotect() const { return Pte(bits_ & ~write_bit); }
  constexpr Pte mkyoung() const { return Pte(bits_ | accessed_bit); }
  constexpr Pte mkdirty() const { return Pte(bits_ | dirty_bit); }
  constexpr Pte mkspecial() const { return Pte(bits_ | special_bit); }
  constexpr Pte swp_clear_exclusive() const { return Pte(bits_ & ~exclusive_bit); }
  constexpr Pte swp_mkexclusive() const { return Pte(bits_ | exclusive_bit); }
  constexpr Pte mkold() const { return Pte(bits_ & ~accessed_bit); }
  constexpr Pte mkclean() const { return Pte(bits_ & ~dirty_bit); }

  // What a page walk for an access leaves of it; not present, if the walk faults.
  constexpr Pte walked(bool store) const {
    if (!present() || (store && !write())) return Pte();
    return store ? mkyoung().mkdirty() : mkyoung();
  }

  constexpr bool operator==(const Pte&) const = default;

  static constexpr std::uint64_t present_bit = 1U << 0U;
  static constexpr std::uint64_t write_bit = 1U << 1U;
  static constexpr std::uint64_t accessed_bit = 1U << 5U;
  static constexpr std::uint64_t dirty_bit = 1U << 6U;
  static constexpr std::uint64_t special_bit = 1U << 9U;
  // Of entries that are not present.
  static constexpr std::uint64_t device_private_bit = 1U << 3U;
  static constexpr std::uint64_t swap_bit = 1U << 7U;
  static constexpr std::uint64_t migration_bit = 1U << 8U;
  static constexpr std::uint64_t device_exclusive_bit = 1U << 10U;
  static constexpr std::uint64_t poison_bit = 1U << 11U;
  static constexpr std::uint64_t exclusive_bit = 1U << 2U;
  static constexpr unsigned frame_shift = 12;
  static constexpr std::uint64_t frame_bits = ~std::uint64_t{0} << frame_shift;

 private:
  std::uint64_t bits_ = 0;
};

constexpr EntryFact entry_fact(Pte pte) {
  if (pte.swapped()) return EntryFact::in_swap(pte.slot());
  if (pte.migrating()) return EntryFact::in_migration(pte.frame());
  if (pte.device_exclusive()) return EntryFact::exclusive_to_device(pte.frame());
  if (pte.device_private()) return EntryFact::private_to_device(pte.frame());
  if (pte.poisoned()) return {EntryFact::poison_bit};
  if (!pte.present()) return {};
  return {EntryFact::present_bit | (pte.write() ? EntryFact::write_bit : 0U) |
          (pte.young() ? EntryFact::young_bit : 0U) | (pte.dirty() ? EntryFact::dirty_bit : 0U) |
          static_cast<Fact>(pte.frame()) << EntryFact::frame_shift};
}

// Where an entry lives: hardware and software access it atomically.
using PteSlot = Atomic<std::uint64_t>;

}  // namespace shootdown
