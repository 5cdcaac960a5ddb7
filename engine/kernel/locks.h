// The kernel's locks, as far as their users can tell them apart.
//
// Taking and dropping a lock is a step each. The step in which a lock is taken can
// be made only while it is free; whoever drops it wakes all that wait, and the
// schedule decides who gets it. They are acquire and release atomics, so that ThreadSanitizer knows what
// they order. None can be taken twice by one CPU.
//
// Each task notes which locks it holds (the kernel's held_locks of lockdep):
// that is how traces can say who is waited for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/events/event.h"
#include "engine/sched/atomic.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

struct Task;

// What a lock is called, in as little room as that takes: every lock knows its name, and tasks note them.
class LockName {
 public:
  LockName() = default;
  LockName(const LockFact& lock);  // NOLINT(google-explicit-constructor): they are the same
  operator LockFact() const { return {.kind = static_cast<LockClass>(kind_), .owner = owner_, .number = number_}; }

  LockClass kind() const { return static_cast<LockClass>(kind_); }
  Fact owner() const { return owner_; }
  bool operator==(const LockName& other) const { return bits() == other.bits(); }

 private:
  std::uint8_t kind_ = 0;
  std::uint8_t owner_ = 0;
  std::uint16_t number_ = 0;

  // Compared with every lock that is dropped: as one number.
  std::uint32_t bits() const { return std::bit_cast<std::uint32_t>(*this); }
};
HAS_NO_GAPS(LockName);

// What a task holds.
class HeldLocks {
 public:
  // Once: there is room for so many.
  void init(const Row<LockName>& room) { locks_ = room; }
  void clear() { count_ = 0; }
  void add(LockName lock);
  // It is held.
  void remove(LockName lock);
  bool contains(LockName lock) const;
  bool contains(LockClass kind) const;
  bool contains(LockClass kind, Fact owner) const;
  std::span<const LockName> all() const { return {locks_.begin(), static_cast<std::size_t>(count_)}; }

 private:
  int count_ = 0;
  Row<LockName> locks_;
};

// The task does what it may have to sleep for: says so if it must not, because it holds a spinlock.
void might_sleep(const Task& current, const event::SleepInAtomic& what);

// The CPUs whose tasks hold a lock, one bit each.
unsigned holders_of(const Task& current, const LockFact& lock);

// spinlock_t.
class SpinLock {
 public:
  // Once, before anybody knows of the lock.
  void init(const LockFact& name) { name_ = name; }
  void lock(Task& current);
  void unlock(Task& current);
  // spin_lock_irq and spin_unlock_irq: no interrupts between them.
  void lock_irq(Task& current);
  void unlock_irq(Task& current);

  // For who needs the holder's work to be done, but not the lock.
  void wait_until_free(Task& current);

 private:
  Atomic<bool> held_{false};
  WaitQueue waiters_;
  LockName name_;
};

// struct rw_semaphore. Who waits to write keeps new readers out as long as others read (6.1: rwsem_down_read_slowpath,
// "goto queue"). Once nobody holds it, the schedule decides who is next.
class RwSemaphore {
 public:
  void init(const LockFact& name) { name_ = name; }
  void down_read(Task& current);
  // Returns whether it could.
  bool down_read_trylock(Task& current);
  void up_read(Task& current);
  void down_write(Task& current);
  void up_write(Task& current);
  // From writer to reader, without anybody else writing in between.
  void downgrade_write(Task& current);
  // rwsem_is_locked.
  bool is_locked(const Task& current) const;

 private:
  bool may_read() const;

  Atomic<int> holders_{0};               // readers, or -1: a writer
  Atomic<unsigned> waiting_writers_{0};  // a bit for each CPU
  WaitQueue waiters_;
  LockName name_;
};

}  // namespace shootdown
