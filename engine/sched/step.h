// What a step point says about the action that follows it.
//
// A step is one action that another CPU could see half-done: it names what is
// touched and how. The same few words serve the scheduler (a switch may happen
// before the action), the trace (a line says what was done), and later
// partial-order reduction (two steps commute unless they touch the same object
// and one of them writes it).
#pragma once

#include <cstdint>

namespace shootdown {

// What is done to the object. Everything but `read`, `load` and `wait` writes it.
enum class Verb : std::uint8_t {
  read,    // looks at it
  load,    // a user program's load: TLB check and memory access in one
  store,   // a user program's store, likewise
  set,     // sets a flag, a value or an entry
  clear,   // clears it
  get,     // takes a reference
  put,     // drops one
  lock,    // takes a lock, exclusively
  share,   // takes a lock, shared
  unlock,  // drops a lock
  wait,    // waits for a state of it
  copy,    // moves data through it (disk and page, user and page)
  send,    // sends an interrupt
  handle,  // takes an interrupt
  flush,   // drops translations
};

// What is touched; `first` and `second` of a Step say which.
enum class Object : std::uint8_t {
  tlb,              // first: CPU, second: virtual page
  pte,              // first: mm, second: virtual page
  page_table_lock,  // first: mm, second: page table
  mmap_lock,        // first: mm
  vmas,             // first: mm
  tlb_generation,   // first: mm
  flush_pending,    // first: mm
  interrupt,        // first: CPU (the target of a send, the sender when handling)
  page_lock,        // these: first: page frame number
  page_dirty,
  page_writeback,
  page_uptodate,
  page_referenced,
  page_buffers,
  page_refcount,
  page_mapcount,
  page_data,   // first: page frame number, second: word
  cache_slot,  // these: first: file, second: page index
  dirty_tag,
  writeback_tag,
  towrite_tag,
  i_pages_lock,    // first: file
  i_mmap_lock,     // first: file
  inode_lock,      // first: file
  page_allocator,  // the list of free pages
  gather,          // first: CPU whose mmu_gather it is
};

// Eight bytes, so that it travels in a register.
struct alignas(8) Step {
  Verb verb;
  Object object;
  std::uint16_t first = 0;
  std::uint16_t second = 0;
  std::uint16_t unused = 0;
};

// Receives every step as it is made; only a replay that wants a trace has one.
class TraceSink {
 public:
  TraceSink() = default;
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  virtual ~TraceSink() = default;

  // CPU `cpu` is about to make step number `number` (from 0).
  virtual void step(std::uint64_t number, int cpu, const Step& step) = 0;
  // What the last step of `cpu` found or produced; its meaning depends on the step.
  virtual void result(int cpu, std::uint64_t value) = 0;
  // `cpu` begins operation number `operation` of the program; -1: what every thread ends with.
  virtual void operation(int cpu, int operation) = 0;
};

}  // namespace shootdown
