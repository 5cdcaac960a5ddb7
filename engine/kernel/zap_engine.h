// What the rest of the kernel asks of an engine.
//
// An engine is a way of unmapping pages: how it gathers them, when it marks
// them dirty, drops their rmap, flushes the TLBs, and frees them. Engines hold
// no state: everything they change belongs to the kernel or stands on the stack
// of the task that they run for. engine/zap has the engines; docs/adding-an-engine.md
// shows how to add one.
#pragma once

#include <span>
#include <string_view>

#include "engine/claims.h"
#include "engine/events/sent.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

class ZapEngine {
 public:
  ZapEngine() = default;
  ZapEngine(const ZapEngine&) = delete;
  ZapEngine& operator=(const ZapEngine&) = delete;
  virtual ~ZapEngine() = default;

  virtual std::string_view name() const = 0;
  // One sentence: the order of events, and where it is from.
  virtual std::string_view summary() const = 0;
  // An engine claims every guarantee but these.
  virtual std::span<const NotClaimed> not_claimed() const = 0;
  // The kinds of events that runs on it send: fewer than all if it never does what they announce, such as to gather.
  // Who needs another one does not judge it, whatever it claims.
  virtual EventSet sends() const { return EventSet::of(SentByModel{}); }

  // zap_page_range_single: zaps [first, end) of `vma`. Held is either mmap_lock of the vma's mm, for reading
  // (madvise(MADV_DONTNEED)); or i_mmap_rwsem of its file, for reading, and perhaps the lock of the page that is to be
  // unmapped (unmap_mapping_pages): then the task may be of any mm.
  virtual void zap_page_range(Task& current, Vma& vma, int first, int end) const = 0;
  // unmap_region: zaps `vmas`, which were taken out of the mm already, removes them from their files'
  // i_mmap, and frees page tables that nothing uses. mmap_lock is held for reading or writing.
  virtual void unmap_region(Task& current, std::span<Vma* const> vmas) const = 0;
  // exit_mmap: the same for all of an mm without threads.
  virtual void exit_mmap(Task& current) const = 0;
};

}  // namespace shootdown
