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
#pragma once

#include <cstdint>

#include "engine/arena.h"
#include "engine/events/event.h"
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

// One translation table, as the hardware walks it. Entries are written only through Machine, which
// counts what leads to each frame.
struct TranslationTable {
  Row<PteSlot> slots;
};

// What a memory access came to.
struct AccessResult {
  Access kind = Access::fault;
  FrameNumber frame = 0;
  Word value = 0;
  bool stale = false;  // through a TLB entry made for an earlier life of the frame
};

class Machine {
 public:
  // With CPUs, TLBs, and address spaces as the program says; TLBs and tables are empty. The last `reserved` of the frames are none to
  // hand out.
  Machine(Arena& arena, const MachineConfig& config, int frames, int reserved = 0);

  Tlb& tlb(int cpu) { return tlbs_[cpu]; }
  const Tlb& tlb(int cpu) const { return tlbs_[cpu]; }

  const Row<Tlb>& tlbs() const { return tlbs_; }
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

  // Sets bits in an entry if it is present and, for a store, writable: what a page walk does, in one
  // atomic action. Returns the entry after it, or one that is not present if the walk faults.
  Pte walk(int table, int page, bool store);
  // Loads a translation into a TLB without an access. Returns whether there was one to load.
  bool fill(int cpu, int table, int page);

 private:
  void count(Pte pte, int change);

  Row<Tlb> tlbs_;
  Row<TranslationTable> tables_;
  Row<Frame> frames_;
  int reserved_;
};

}  // namespace shootdown
