#include "engine/kernel/locks.h"

namespace shootdown {

void SpinLock::reset(Object object, int first, int second) {
  held_.store(false, std::memory_order_relaxed);
  waiters_.reset();
  object_ = object;
  first_ = static_cast<std::uint16_t>(first);
  second_ = static_cast<std::uint16_t>(second);
}

void SpinLock::lock(Scheduler& sched) {
  sched.step(step(Verb::lock));
  while (held_.exchange(true, std::memory_order_acquire)) {
    sched.wait(waiters_, step(Verb::wait));
    sched.step(step(Verb::lock));
  }
}

void SpinLock::unlock(Scheduler& sched) {
  sched.step(step(Verb::unlock));
  held_.store(false, std::memory_order_release);
  sched.wake(waiters_);
}

void SpinLock::lock_irq(Scheduler& sched) {
  sched.disable_interrupts();
  lock(sched);
}

void SpinLock::unlock_irq(Scheduler& sched) {
  unlock(sched);
  sched.enable_interrupts();
}

void SpinLock::wait_until_free(Scheduler& sched) {
  while (held_.load(std::memory_order_relaxed)) sched.wait(waiters_, step(Verb::wait));
}

void RwSemaphore::reset(Object object, int first) {
  holders_.store(0, std::memory_order_relaxed);
  waiters_.reset();
  object_ = object;
  first_ = static_cast<std::uint16_t>(first);
}

void RwSemaphore::down_read(Scheduler& sched) {
  sched.step(step(Verb::share));
  while (holders_.load(std::memory_order_relaxed) < 0) {
    sched.wait(waiters_, step(Verb::wait));
    sched.step(step(Verb::share));
  }
  holders_.fetch_add(1, std::memory_order_acquire);
}

void RwSemaphore::up_read(Scheduler& sched) {
  sched.step(step(Verb::unlock));
  holders_.fetch_sub(1, std::memory_order_release);
  sched.wake(waiters_);
}

void RwSemaphore::down_write(Scheduler& sched) {
  sched.step(step(Verb::lock));
  int expected = 0;
  while (!holders_.compare_exchange_strong(expected, -1, std::memory_order_acquire, std::memory_order_relaxed)) {
    sched.wait(waiters_, step(Verb::wait));
    sched.step(step(Verb::lock));
    expected = 0;
  }
}

void RwSemaphore::up_write(Scheduler& sched) {
  sched.step(step(Verb::unlock));
  holders_.store(0, std::memory_order_release);
  sched.wake(waiters_);
}

void RwSemaphore::downgrade_write(Scheduler& sched) {
  sched.step(step(Verb::share));
  holders_.store(1, std::memory_order_release);
  sched.wake(waiters_);
}

}  // namespace shootdown
