#include "engine/kernel/locks.h"

#include <algorithm>
#include <utility>

#include "engine/check.h"
#include "engine/kernel/kernel.h"

namespace shootdown {

LockName::LockName(const LockFact& lock)
    : kind_(static_cast<std::uint8_t>(lock.kind)),
      owner_(static_cast<std::uint8_t>(lock.owner)),
      number_(static_cast<std::uint16_t>(lock.number)) {
  SHOOTDOWN_CHECK(LockFact(*this) == lock);
}

void HeldLocks::add(LockName lock) {
  SHOOTDOWN_CHECK(count_ < locks_.size());
  locks_[count_++] = lock;
}

void HeldLocks::remove(LockName lock) {
  SHOOTDOWN_CHECK(count_ > 0);
  LockName* const last = &locks_[--count_];
  // Mostly the last one. Nothing is left behind that would make two worlds of one.
  LockName above = *last;
  *last = {};
  for (LockName* at = last; above != lock;) {
    SHOOTDOWN_CHECK(at != locks_.begin());
    std::swap(*--at, above);
  }
}

bool HeldLocks::contains(LockName lock) const {
  return std::ranges::find(all(), lock) != all().end();
}

bool HeldLocks::contains(LockClass kind) const {
  return std::ranges::any_of(all(), [kind](LockName lock) { return lock.kind() == kind; });
}

bool HeldLocks::contains(LockClass kind, Fact owner) const {
  return std::ranges::any_of(all(), [&](LockName lock) { return lock.kind() == kind && lock.owner() == owner; });
}

void might_sleep(const Task& current, const event::SleepInAtomic& what) {
  if (current.held.contains(LockClass::page_table) || current.held.contains(LockClass::i_pages)) note(current, what);
}

// Looks at what other tasks note for themselves.
unsigned holders_of(const Task& current, const LockFact& lock) {
  const Unwatched unwatched;
  unsigned holders = 0;
  for (int cpu = 0; cpu < current.kernel->config.cpus; ++cpu) {
    if (current.kernel->tasks[cpu].held.contains(lock)) holders |= cpu_bit(cpu);
  }
  return holders;
}

// --- spinlocks ---

void SpinLock::lock(Task& current) {
  take_lock(
      current, name_, false, waiters_, [this] { return !held_.load(std::memory_order_relaxed); },
      [this] { SHOOTDOWN_CHECK(!held_.exchange(true, std::memory_order_acquire)); });
}

void SpinLock::unlock(Task& current) {
  act(current, event::DropLock{.lock = name_}, [&] {
    current.held.remove(name_);
    held_.store(false, std::memory_order_release);
    current.kernel->sched.wake(waiters_);
  });
}

void SpinLock::lock_irq(Task& current) {
  current.kernel->sched.disable_interrupts();
  lock(current);
}

void SpinLock::unlock_irq(Task& current) {
  unlock(current);
  current.kernel->sched.enable_interrupts();
}

void SpinLock::wait_until_free(Task& current) {
  await(
      current, waiters_, [this] { return !held_.load(std::memory_order_relaxed); },
      [&] { return event::WaitForLock{.lock = name_, .holders = holders_of(current, name_)}; });
}

// --- read-write semaphores ---

bool RwSemaphore::may_read() const {
  const int holders = holders_.load(std::memory_order_relaxed);
  return holders == 0 || (holders > 0 && waiting_writers_.load(std::memory_order_relaxed) == 0);
}

void RwSemaphore::down_read(Task& current) {
  might_sleep(current, {.reason = event::SleepInAtomic::Reason::lock, .lock = name_});
  take_lock(
      current, name_, true, waiters_, [this] { return may_read(); },
      [this] { holders_.add(1, std::memory_order_acquire); });
}

bool RwSemaphore::down_read_trylock(Task& current) {
  return try_lock(current, name_, true, [this] {
    const bool free = may_read();
    if (free) holders_.add(1, std::memory_order_acquire);
    return free;
  });
}

bool RwSemaphore::is_locked(const Task& current) const {
  also_reads(current, places::lock(name_));
  return holders_.load(std::memory_order_acquire) != 0;
}

void RwSemaphore::up_read(Task& current) {
  act(current, event::DropLock{.lock = name_}, [&] {
    current.held.remove(name_);
    holders_.sub(1, std::memory_order_release);
    current.kernel->sched.wake(waiters_);
  });
}

void RwSemaphore::down_write(Task& current) {
  might_sleep(current, {.reason = event::SleepInAtomic::Reason::lock, .lock = name_});
  const unsigned self = cpu_bit(current.cpu);
  const auto take = [&] {
    SHOOTDOWN_CHECK(holders_.exchange(-1, std::memory_order_acquire) == 0);
    const bool queued = (waiting_writers_.load(std::memory_order_relaxed) & self) != 0;
    if (queued) waiting_writers_.sub(self, std::memory_order_relaxed);
  };
  const auto queue = [&] {
    also_writes(current, places::lock(name_));
    waiting_writers_.add(self, std::memory_order_relaxed);
  };
  take_lock(
      current, name_, false, waiters_, [this] { return holders_.load(std::memory_order_relaxed) == 0; }, take, queue);
}

void RwSemaphore::up_write(Task& current) {
  act(current, event::DropLock{.lock = name_}, [&] {
    current.held.remove(name_);
    holders_.store(0, std::memory_order_release);
    current.kernel->sched.wake(waiters_);
  });
}

void RwSemaphore::downgrade_write(Task& current) {
  act(current, event::DowngradeLock{.lock = name_}, [&] {
    holders_.store(1, std::memory_order_release);
    current.kernel->sched.wake(waiters_);
  });
}

}  // namespace shootdown
