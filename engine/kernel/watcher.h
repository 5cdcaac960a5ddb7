// What an engine tells those who judge it.
//
// An engine reports each commit, the moment at which something takes effect,
// and each action that a guarantee speaks of. Calls come on the fiber of the
// CPU that acts, within the step that they report. A watcher may look at the
// kernel and the machine; it must change neither.
//
// Every method does nothing unless overridden.
#pragma once

#include <cstdint>

#include "engine/machine/machine.h"
#include "engine/program/program.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

class Kernel;
struct Page;
class MmuGather;
class EncodedPage;

// A user program's load or store that took effect.
struct UserAccess {
  int cpu;
  int mm;
  int page;  // virtual
  int word;
  bool store;
  AccessResult result;
};

// A stretch of virtual pages of an mm, or of pages of a file.
struct PageRange {
  int owner;  // mm or file
  int first;
  int count;
};

class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  virtual ~Watcher() = default;

  // A run begins; everything is in its initial state.
  virtual void begin(const Kernel& /*kernel*/) {}
  // All CPUs have ended, or the run was cut off. After `completed`, every mm is gone, and every file was
  // synced and dropped from the page cache as far as the kernel would.
  virtual void end(const Kernel& /*kernel*/, Scheduler::Outcome /*outcome*/) {}

  // --- commits ---
  virtual void accessed(const UserAccess& /*access*/) {}
  // A load or store met no mapping (SIGSEGV). Committed when the vma was looked for.
  virtual void refused(int /*cpu*/, int /*mm*/, int /*page*/) {}
  // The range is mapped from now on.
  virtual void mapped(int /*cpu*/, const PageRange& /*range*/) {}
  // The range is in transition from now on: not mapped for who faults, but translations may still be in use.
  virtual void unmapping(int /*cpu*/, const PageRange& /*range*/) {}
  // The transition is over: nobody may use an old translation.
  virtual void unmapped(int /*cpu*/, const PageRange& /*range*/) {}
  // read() or write() moved a word of a file.
  virtual void file_accessed(int /*cpu*/, int /*file*/, int /*index*/, int /*word*/, bool /*write*/, Word /*value*/) {}
  // write() of a page is about to return: only from now on does an fsync owe anything for it.
  virtual void file_write_returned(int /*cpu*/, int /*file*/, int /*index*/) {}
  virtual void fsync_started(int /*cpu*/, const PageRange& /*range*/) {}
  virtual void fsync_returned(int /*cpu*/, const PageRange& /*range*/) {}

  // --- pages ---
  // set_page_dirty; `was` are the page's flags just before.
  virtual void dirtied(int /*cpu*/, const Page& /*page*/, std::uint32_t /*was*/, bool /*page_table_locked*/) {}
  // Removed from the page cache, from slot `index` of `file`.
  virtual void uncached(int /*cpu*/, const Page& /*page*/, int /*file*/, int /*index*/) {}
  // About to go to the free list.
  virtual void freed(int /*cpu*/, const Page& /*page*/) {}
  // A count fell below what it can be.
  virtual void count_underflow(int /*cpu*/, const Page& /*page*/, const char* /*which*/, int /*value*/) {}

  // --- gathers ---
  // `page` was encoded with `flags`.
  virtual void encoded(int /*cpu*/, const Page* /*page*/, unsigned /*flags*/, const EncodedPage& /*result*/) {}
  virtual void gather_began(const MmuGather& /*gather*/) {}
  // An encoded page was added to the active batch, which has not been extended yet.
  virtual void gather_queued(const MmuGather& /*gather*/, const EncodedPage& /*entry*/) {}
  // All that was gathered so far can no longer be reached through any TLB.
  virtual void gather_flushed(const MmuGather& /*gather*/) {}
  // `count` queued pages, no longer encoded, are about to be released. The entries are as they are in memory.
  virtual void gather_releasing(const MmuGather& /*gather*/, const std::uintptr_t* /*entries*/, unsigned /*count*/) {}
  virtual void gather_finished(const MmuGather& /*gather*/) {}
};

}  // namespace shootdown
