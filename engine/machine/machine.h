// The modelled hardware: CPUs with TLBs, page tables, page frames, interrupts.
//
// Knows nothing of an operating system. The rules of memory access are those
// of the architecture, one class each (x86.h). Everything here happens within
// one step of a CPU: callers make the step point, the hardware does the action.
//
// All its state lies in an arena, as large as the machine of the program needs.
//
// Frames hold a few words. Words and page-table entries are atomics, as the
// hardware's accesses are; the rest is hardware state that no code can race on,
// and is hidden from ThreadSanitizer.
//
// There are page tables of the lowest level, and one level above them. Where a page table
// is in memory is left out, and what its memory is used for when it is free: what counts is
// which one a CPU goes to, and whether that is still one.
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/events/event.h"
#include "engine/machine/paging_cache.h"
#include "engine/machine/pte.h"
#include "engine/machine/tlb.h"
#include "engine/program/program.h"
#include "engine/sched/atomic.h"

namespace shootdown {

using Word = std::uint32_t;

struct Frame {
  Atomic<Word> words[max_words];
  std::uint32_t generation = 0;  // counts the lives of the frame: goes up when it is freed
  std::uint32_t entries = 0;     // page-table entries that lead here
};

// An entry of the level above the page tables.
struct DirectoryEntry {
  Atomic<TableNumber> table{0};  // where it leads
  // The memory of page tables up to this one is free: no hardware has this. Oracles are told of it.
  TableNumber freed = 0;
  TableNumber made = 0;  // so many

  SHOOTDOWN_HARNESS bool is_freed(TableNumber number) const { return number != 0 && number <= freed; }
};

// One translation table, as the hardware walks it. Entries are written only through Machine, which
// counts what leads to each frame.
struct TranslationTable {
  Row<PteSlot> slots;  // of all page tables; none, where there is none
};

// What a page walk came to.
struct PageWalk {
  Pte entry;            // not present: it faults
  bool astray = false;  // it went to a page table that has been freed, where anything may be: taken for none
};

// What a memory access came to.
struct AccessResult {
  Access kind = Access::fault;
  FrameNumber frame = 0;
  Word value = 0;
  // Through a TLB entry made for an earlier life of the frame; or, if it is a fault, by a walk that went astray.
  bool stale = false;
};

class Machine {
 public:
  // With CPUs, TLBs, and address spaces as the program says; TLBs and tables are empty. The last `reserved` of the frames are none to
  // hand out.
  Machine(Arena& arena, const MachineConfig& config, int frames, int reserved = 0);

  Tlb& tlb(int cpu) { return tlbs_[cpu]; }
  const Tlb& tlb(int cpu) const { return tlbs_[cpu]; }

  PagingCaches& paging_caches() { return paging_caches_; }

  const Row<Tlb>& tlbs() const { return tlbs_; }
  const PagingCaches& paging_caches() const { return paging_caches_; }
  // Of all address spaces, one behind the other.
  const Row<DirectoryEntry>& directory() const { return directory_; }
  const Row<TranslationTable>& tables() const { return tables_; }
  const Row<Frame>& frames() const { return frames_; }

  int frame_count() const { return frames_.size(); }
  int reserved() const { return reserved_; }
  Frame& frame(FrameNumber number) { return frames_[number]; }
  const Frame& frame(FrameNumber number) const { return frames_[number]; }
  // How many page-table entries lead to a frame.
  std::uint32_t entries_to(FrameNumber number) const;
  // Which of its lives a frame is in.
  SHOOTDOWN_HARNESS std::uint32_t generation(FrameNumber number) const { return frames_[number].generation; }
  // The frame is free from now on: what still leads to it is stale.
  void end_frame_life(FrameNumber number);

  // Places of page tables that an address space has; and that of the one for a page.
  int places() const { return places_; }
  int place_of(int page) const { return page >> table_shift_; }

  // --- software's accesses to the level above the page tables; each is atomic ---

  // What leads to the page table for a page.
  const DirectoryEntry& directory_entry(int table, int page) const { return way_to(table, page); }
  // Puts a new one in place. False: there is one already.
  bool install_page_table(int table, int page);
  // There is none from now on. Its entries are none, and its memory is its own until it is freed.
  void clear_page_table(int table, int page);
  // The memory of the one that was there last is free from now on: what still leads to it leads astray.
  void free_page_table(int table, int page);

  // --- software's accesses to page-table entries; each is atomic ---

  Pte read_pte(int table, int page) const;
  void set_pte(int table, int page, Pte pte);
  // Replaces the entry by none and returns what it was (x86's locked exchange).
  Pte clear_pte(int table, int page);
  // Clears the accessed bit of an entry and returns what it was (x86's locked btr).
  Pte clear_accessed(int table, int page);
  // Makes it read-only and returns what it is then (x86's locked bit operation).
  Pte wrprotect_pte(int table, int page);

  // --- the hardware's ---

  // Goes to the page table, by what the CPU has kept of the level above if it has, and sets bits in the entry if that is
  // present and, for a store, writable: in one atomic action. The entry is as it is then.
  PageWalk walk(int cpu, int table, int page, bool store);
  // Loads a translation into a TLB without an access, if there is one.
  PageWalk fill(int cpu, int table, int page);
  // Whether a walk would go to a page table whose memory is free.
  bool would_go_astray(int cpu, int table, int page) const;
  // The CPU loses what it has kept of a translation, and of the way to it.
  void evict(int cpu, int page);

 private:
  DirectoryEntry& way_to(int table, int page) const { return directory_[table * places_ + place_of(page)]; }
  void count(Pte pte, int change);

  Row<Tlb> tlbs_;
  int table_shift_;
  int places_;
  PagingCaches paging_caches_;
  Row<DirectoryEntry> directory_;
  Row<TranslationTable> tables_;
  Row<Frame> frames_;
  int reserved_;
};

}  // namespace shootdown
