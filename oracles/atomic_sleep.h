// Nothing sleeps, and nothing flushes TLBs, where it must not.
//
// Proves: a CPU that holds a spinlock (a page-table lock or an i_pages lock)
// neither takes a lock for which it may have to sleep (a page's, or a read-write
// semaphore) nor waits for writeback, whether or not it would have had to; and a
// CPU that has interrupts off, as the holder of an i_pages lock has, asks nobody
// to flush: two that do wait for each other for ever. That is what might_sleep
// and lockdep_assert_irqs_enabled complain of.
//
// Locks are known by the events of their being taken and dropped. Interrupts that
// are off for another reason, as in an interrupt handler, it cannot see.
#pragma once

#include "oracles/oracle.h"

namespace shootdown {

class AtomicSleep final : public Oracle<event::RunBegins, event::TakeLock, event::DropLock, event::ReadWriteback,
                                        event::RaiseTlbGeneration> {
 public:
  using Oracle::Oracle;

  void on(int /*cpu*/, const event::RunBegins& /*event*/) override {
    for (Held& held : held_) held = {};
  }
  void on(int cpu, const event::TakeLock& event) override {
    if (is_spinlock(event.lock.kind)) {
      if (event.taken != 0) ++count(cpu, event.lock.kind);
    } else if (event.tries == 0) {
      check_lock(cpu, event.lock);
    }
  }
  void on(int cpu, const event::DropLock& event) override {
    if (is_spinlock(event.lock.kind)) --count(cpu, event.lock.kind);
  }
  void on(int cpu, const event::ReadWriteback& event) override {
    if (is_atomic(cpu))
      violate(cpu, "cpu {} waits for the writeback of page frame {} while it holds a spinlock", cpu, event.page.frame);
  }

  void on(int cpu, const event::RaiseTlbGeneration& event) override {
    if (held_[cpu].i_pages != 0) violate(cpu, "cpu {} flushes TLBs of mm {} with interrupts off", cpu, event.mm);
  }

 private:
  struct Held {
    int page_table = 0;
    int i_pages = 0;
  };

  static bool is_spinlock(LockClass kind) { return kind == LockClass::page_table || kind == LockClass::i_pages; }
  int& count(int cpu, LockClass kind) {
    return kind == LockClass::page_table ? held_[cpu].page_table : held_[cpu].i_pages;
  }
  bool is_atomic(int cpu) const { return held_[cpu].page_table != 0 || held_[cpu].i_pages != 0; }

  // It is about to be taken, and may have to be waited for.
  void check_lock(int cpu, const LockFact& lock) {
    if (!is_atomic(cpu)) return;
    if (lock.kind == LockClass::page) {
      violate(cpu, "cpu {} locks page frame {} while it holds a spinlock", cpu, lock.number);
    } else if (lock.kind == LockClass::i_mmap) {
      violate(cpu, "cpu {} takes the i_mmap_rwsem of file {} while it holds a spinlock", cpu, lock.owner);
    } else if (lock.kind == LockClass::inode) {
      violate(cpu, "cpu {} takes the i_rwsem of file {} while it holds a spinlock", cpu, lock.owner);
    } else {
      violate(cpu, "cpu {} takes the mmap_lock of mm {} while it holds a spinlock", cpu, lock.owner);
    }
  }

  Held held_[max_cpus];
};

}  // namespace shootdown
