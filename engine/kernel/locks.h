// The kernel's locks, as far as their users can tell them apart.
//
// Taking and dropping a lock is a step each. A lock that is taken makes the CPU
// wait; whoever drops it wakes all that wait, and the schedule decides who gets
// it. They are acquire and release atomics, so that ThreadSanitizer knows what
// they order. None can be taken twice by one CPU.
#pragma once

#include <cstdint>

#include "engine/sched/atomic.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

// spinlock_t. The lock's name in traces is fixed when it is reset.
class SpinLock {
 public:
  void reset(Object object, int first, int second = 0);
  void lock(Scheduler& sched);
  void unlock(Scheduler& sched);
  // spin_lock_irq and spin_unlock_irq: no interrupts between them.
  void lock_irq(Scheduler& sched);
  void unlock_irq(Scheduler& sched);

  // For who needs the holder's work to be done, but not the lock.
  void wait_until_free(Scheduler& sched);

 private:
  Step step(Verb verb) const { return {verb, object_, first_, second_}; }

  Atomic<bool> held_{false};
  WaitQueue waiters_;
  Object object_{};
  std::uint16_t first_ = 0;
  std::uint16_t second_ = 0;
};

// struct rw_semaphore. Unfair: who waits to write does not keep new readers out.
class RwSemaphore {
 public:
  void reset(Object object, int first);
  void down_read(Scheduler& sched);
  void up_read(Scheduler& sched);
  void down_write(Scheduler& sched);
  void up_write(Scheduler& sched);
  // From writer to reader, without anybody else writing in between.
  void downgrade_write(Scheduler& sched);

 private:
  Step step(Verb verb) const { return {verb, object_, first_}; }

  Atomic<int> holders_{0};  // readers, or -1: a writer
  WaitQueue waiters_;
  Object object_{};
  std::uint16_t first_ = 0;
};

}  // namespace shootdown
