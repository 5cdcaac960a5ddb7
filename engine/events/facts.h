// What may be known of a kernel and its machine, whichever kernel it is.
//
// The model and Linux answer the same questions in the same plain numbers: of a
// page frame its flags and counts and whose page it is, of a page-table entry
// where it leads, of a TLB what it holds, of the disk its words. Oracles, traces
// and coverage know a kernel by these facts and by its events (event.h) only; no
// type of a kernel's own gets to them.
//
// Reading a fact changes nothing. Facts are true at the moment at which they are
// read: whoever wants to know how something was before must have been told so by
// an event.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/program/program.h"

namespace shootdown {

// All facts are numbers of this size, so that an event has no gaps and can be hashed as it lies in memory.
using Fact = std::uint32_t;

// Slots of swap space that any kernel here has, of all areas.
inline constexpr int max_swap_slots = 8;

// In place of a number: there is none.
inline constexpr Fact no_fact = 0xFFFFFFFFU;

// A number that is not negative, as a fact.
constexpr Fact as_fact(int number) {
  return static_cast<Fact>(number);
}

// A page's flags. The numbers are ours; the names are the kernel's.
enum PageFlag : Fact {
  PG_locked = 1U << 0U,
  PG_dirty = 1U << 1U,
  PG_writeback = 1U << 2U,
  PG_uptodate = 1U << 3U,
  PG_referenced = 1U << 4U,
  PG_active = 1U << 5U,
  PG_buffers = 1U << 6U,          // the filesystem keeps buffers on it (page_has_private); holds a reference
  PG_lru = 1U << 7U,              // reclaim can find it; who has taken it off its list has cleared this
  PG_swapbacked = 1U << 8U,       // it is to be saved to swap space before it is thrown away
  PG_swapcache = 1U << 9U,        // it is in the swap cache
  PG_anon_exclusive = 1U << 10U,  // of an anonymous page: nobody else maps it who may not see what is stored to it
  PG_buffers_dirty = 1U << 11U,   // its buffers are dirty (BH_Dirty): writeback saves what these say is to be saved
};

// A page frame, and which page of which file it holds; or some in a row, with as many pages of the file in a row.
struct PageFact {
  Fact frame = no_fact;
  Fact file = no_fact;   // none: it is in no page cache
  Fact index = no_fact;  // its place there
  Fact pages = 1;        // so many
};

// A page-table entry, or what a TLB holds of one. One that is not present may lead to swap space, or say that
// a page is being moved to another frame, or that a device has a page to itself, or to a page in a device's private memory,
// or say that nobody may use the place.
struct EntryFact {
  static constexpr Fact present_bit = 1U << 0U;
  static constexpr Fact write_bit = 1U << 1U;
  static constexpr Fact young_bit = 1U << 2U;
  static constexpr Fact dirty_bit = 1U << 3U;
  static constexpr Fact swap_bit = 1U << 4U;
  static constexpr Fact migration_bit = 1U << 5U;
  static constexpr Fact exclusive_bit = 1U << 6U;
  static constexpr Fact poison_bit = 1U << 7U;
  static constexpr Fact private_bit = 1U << 8U;
  static constexpr unsigned frame_shift = 9;

  static constexpr EntryFact in_swap(Fact slot) { return {swap_bit | slot << frame_shift}; }
  static constexpr EntryFact in_migration(Fact frame) { return {migration_bit | frame << frame_shift}; }
  static constexpr EntryFact exclusive_to_device(Fact frame) { return {exclusive_bit | frame << frame_shift}; }
  static constexpr EntryFact private_to_device(Fact frame) { return {private_bit | frame << frame_shift}; }

  Fact bits = 0;

  bool none() const { return bits == 0; }
  bool present() const { return (bits & present_bit) != 0; }
  bool swapped() const { return (bits & swap_bit) != 0; }
  bool migrating() const { return (bits & migration_bit) != 0; }
  bool device_exclusive() const { return (bits & exclusive_bit) != 0; }
  bool device_private() const { return (bits & private_bit) != 0; }
  bool poisoned() const { return (bits & poison_bit) != 0; }
  bool write() const { return (bits & write_bit) != 0; }
  bool young() const { return (bits & young_bit) != 0; }
  bool dirty() const { return (bits & dirty_bit) != 0; }
  Fact frame() const { return bits >> frame_shift; }
  Fact slot() const { return bits >> frame_shift; }
};

// So much of a page's reference count is a pin: who has one may write to the page by its frame, whatever page tables say.
inline constexpr std::int32_t gup_pin_counting_bias = 1024;

// What a page counts as in an mm's RSS; what is in swap space is counted beside it.
enum RssKind : std::uint8_t { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, rss_kinds };

// All there is to know of a page frame. What a kernel keeps of a folio, which may be several page frames in a row, is the same of
// each of them.
struct FrameFacts {
  Fact flags = 0;             // PageFlag; the folio's
  std::int32_t refcount = 0;  // 0: free, or frozen; the folio's
  std::int32_t mapcount = 0;  // what rmap counts: the kernel's _mapcount plus one, of all pages of the folio
  Fact entries = 0;           // page-table entries that do lead to one of them
  PageFact page;
  PageFact folio;          // all of it
  bool anonymous = false;  // it holds what some mm has of its own (PageAnon)
  bool uncounted = false;  // it is no page, or that of zeros: nobody counts what leads there
  bool of_device = false;  // it is in a device's private memory, which no CPU can reach

  bool test(PageFlag flag) const { return (flags & flag) != 0; }
  bool cached() const { return page.file != no_fact; }
  bool maybe_dma_pinned() const { return refcount >= gup_pin_counting_bias; }
  // The references of the page cache, which has one for each page, and of what else keeps one as long as it has the folio.
  std::int32_t cache_references() const {
    return static_cast<std::int32_t>(folio.pages) + static_cast<std::int32_t>(test(PG_buffers));
  }
  // Whether who saves dirty pages would save it. One that is dirty while its buffers are clean he finds, and writes nothing.
  bool is_to_be_saved() const { return test(PG_dirty) && (!test(PG_buffers) || test(PG_buffers_dirty)); }
};

// An entry of a CPU's TLB.
struct TlbFact {
  Fact page;  // virtual
  EntryFact entry;
  // How many lives the frame has ended since the entry was made: not 0 if the frame has been freed.
  Fact lives_ago;
};

// A pointer to a page, which may carry flags, as a place in the array of pages.
struct PointerFact {
  Fact offset = 0;  // in bytes, from the first page of the array to the pointer as it is, modulo 2 to the power of 32

  bool operator==(const PointerFact&) const = default;
};

// A text of a kernel's own, as a number. World::text says it.
struct TextFact {
  enum class Kind : Fact { place, message, function };

  Kind kind{};
  Fact number = 0;

  bool operator==(const TextFact&) const = default;
};

// How a run ended.
enum class Outcome : Fact {
  completed,
  deadlock,        // CPUs wait, and none can go on
  too_many_steps,  // the step limit was reached
  stopped,         // the kernel's code could not go on
};

class EventSet;  // event.h

// A kernel with its machine, as it is at this moment.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  // The kinds of events that its runs send. Who needs another one cannot judge it.
  virtual EventSet events_sent() const = 0;
  virtual const MachineConfig& machine_config() const = 0;
  // Steps made in this run.
  virtual std::uint64_t steps_made() const = 0;
  // Steps that the CPU which runs has made in the operation that it is in, those of interrupts' handlers among them.
  virtual std::uint64_t steps_of_operation() const = 0;
  // CPUs that have not ended, one bit each.
  virtual unsigned unfinished_cpus() const = 0;

  // --- frames 0 to frames() - 1 have been in use in this run ---
  virtual int frames() const = 0;
  virtual FrameFacts frame_facts(Fact frame) const = 0;
  virtual Fact frame_word(Fact frame, int word) const = 0;
  // The array of pages: the size of an element in bytes, and how many there are, used or not.
  virtual Fact page_stride() const = 0;
  virtual Fact page_array_length() const = 0;

  // --- files ---
  // Those of the machine and, behind them, the memory of a device, if the program maps that.
  virtual int files() const = 0;
  // The page frame in a slot of a file's page cache, or none.
  virtual Fact cached_frame(int file, int index) const = 0;
  // The marks of that slot: CacheTag (event.h).
  virtual Fact cache_tags(int file, int index) const = 0;
  virtual Fact disk_word(int file, int index, int word) const = 0;

  // --- address spaces ---
  virtual EntryFact entry(int mm, int page) const = 0;
  // By the kernel's own count. Whether it is right whenever nobody holds the lock of one of the mm's page tables: not if threads or
  // CPUs count for themselves at first.
  virtual long rss(int mm, RssKind kind) const = 0;
  virtual bool counts_rss_at_once() const { return true; }
  // Gathers under way (mm_tlb_flush_pending), and other flushes that somebody owes who has cleared entries.
  virtual int flushes_pending(int mm) const = 0;
  // Whether anybody holds the lock of one of its page tables.
  virtual bool page_table_locked(int mm) const = 0;
  virtual int page_tables(int mm) const = 0;
  // The present entries of a page table, by the kernel's own count.
  virtual int present_entries(int mm, int table) const = 0;

  // --- CPUs ---
  // The address space that it runs.
  virtual int mm_of(int cpu) const = 0;
  // Whether a CPU runs no user code until it has flushed its TLB: in lazy mode, with a flush that it has missed.
  virtual bool is_lazy(int cpu) const = 0;
  virtual int tlb_size(int cpu) const = 0;
  // Entry 0 to tlb_size() - 1.
  virtual TlbFact tlb_entry(int cpu, int number) const = 0;
  // Whether its hardware, if it looked for a translation of this page, would go to a page table whose memory is free. Not known of a
  // kernel that is code.
  virtual bool would_go_astray(int /*cpu*/, int /*page*/) const { return false; }

  // Whether the next allocation of its operation is to fail, by a choice that was made already. Not known of a kernel that is code:
  // there several may follow each other without a step between them.
  virtual bool will_fail_to_allocate(int /*cpu*/) const { return false; }

  // --- swap space; none: no program here can use it ---
  virtual int swap_slots() const { return 0; }
  // By the kernel's own count, how many entries lead to a slot.
  virtual int swap_users(int /*slot*/) const { return 0; }

  // Pages that gathers hold for their batches.
  virtual int batches_in_use() const = 0;

  // --- a kernel that is code ---
  // The function that the CPU is in; empty: none is known, as on a model. The name stays as long as the program.
  virtual std::string_view function(int /*cpu*/) const { return {}; }
  // What a text of its events is; good as long as the process.
  virtual std::string_view text(TextFact /*text*/) const { return {}; }
};

}  // namespace shootdown
