// Nothing sleeps, and nothing flushes TLBs, where it must not.
//
// Proves: a CPU that holds a spinlock (a page-table lock or an i_pages lock)
// neither takes a lock for which it may have to sleep (a page's, or a read-write
// semaphore) nor waits for writeback, whether or not it would have had to; and a
// CPU that has interrupts off, as the holder of an i_pages lock has, asks nobody
// to flush: two that do wait for each other for ever. That is what might_sleep
// and lockdep_assert_irqs_enabled complain of.
//
// The kernel says where it did so. Interrupts that are off for another reason, as
// in an interrupt handler, the model does not look at.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class AtomicSleep final : public Oracle<event::SleepInAtomic> {
 public:
  using Oracle::Oracle;

  void on(int cpu, const event::SleepInAtomic& event) {
    using enum event::SleepInAtomic::Reason;
    switch (event.reason) {
      case lock: return report_lock(cpu, event.lock);
      case writeback:
        violate(cpu, "cpu {} waits for the writeback of page frame {} while it holds a spinlock", cpu, event.subject);
        return;
      case flush: violate(cpu, "cpu {} flushes TLBs of mm {} with interrupts off", cpu, event.subject); return;
      case other:
        violate(cpu, "cpu {} does what it may have to sleep for, or asks others to flush, in atomic context", cpu);
    }
  }

 private:
  void report_lock(int cpu, const LockFact& lock) {
    if (lock.kind == LockClass::page) {
      violate(cpu, "cpu {} locks page frame {} while it holds a spinlock", cpu, lock.number);
    } else if (lock.kind == LockClass::i_mmap) {
      violate(cpu, "cpu {} takes the i_mmap_rwsem of file {} while it holds a spinlock", cpu, lock.owner);
    } else if (lock.kind == LockClass::inode) {
      violate(cpu, "cpu {} takes the i_rwsem of file {} while it holds a spinlock", cpu, lock.owner);
    } else if (lock.kind == LockClass::invalidate) {
      violate(cpu, "cpu {} takes the invalidate_lock of file {} while it holds a spinlock", cpu, lock.owner);
    } else if (lock.kind == LockClass::anon_vma) {
      violate(cpu, "cpu {} takes the lock of anon_vma {} while it holds a spinlock", cpu, lock.number);
    } else {
      violate(cpu, "cpu {} takes the mmap_lock of mm {} while it holds a spinlock", cpu, lock.owner);
    }
  }
};

}  // namespace shootdown
