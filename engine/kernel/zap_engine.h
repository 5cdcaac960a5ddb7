// What the model asks of an engine.
//
// An engine is a way of unmapping pages: how it gathers them, when it marks
// them dirty, drops their rmap, flushes the TLBs, and frees them. Engines hold
// no state: everything they change belongs to the kernel or stands on the stack
// of the task that they run for. engine/zap has the engines; docs/adding-an-engine.md
// shows how to add one.
#pragma once

#include <span>

#include "engine/kernel/kernel.h"
#include "engine/run/engine.h"

namespace shootdown {

// struct zap_details.
struct ZapDetails {
  bool even_cows = true;  // zaps the copies that private mappings have, too
};

class ZapEngine : public Engine {
 public:
  // Fewer than all if it never does what they announce, such as to gather.
  EventSet sends() const override { return EventSet::all(); }
  // Where Linux 6.1 and 6.12 differ in what is not the engine's, the model does as 6.1; or else as 6.12.
  virtual bool since_6_12() const { return false; }
  Run& boot(const RunSetup& setup) const final { return setup.arena.make<Kernel>(setup, *this); }

  // zap_page_range_single: zaps [first, end) of `vma`. Held is either mmap_lock of the vma's mm, for reading
  // (madvise(MADV_DONTNEED)); or i_mmap_rwsem of its file, for reading, and perhaps the lock of the page that is to be
  // unmapped (unmap_mapping_pages): then the task may be of any mm.
  virtual void zap_page_range(Task& current, Vma& vma, int first, int end, const ZapDetails& details) const = 0;
  // unmap_region: zaps `vmas`, which were taken out of the mm already, removes them from their files'
  // i_mmap, and frees page tables that nothing uses. mmap_lock is held for reading or writing.
  virtual void unmap_region(Task& current, std::span<Vma* const> vmas) const = 0;
  // exit_mmap: the same for all of an mm without threads.
  virtual void exit_mmap(Task& current) const = 0;
};

}  // namespace shootdown
