// Atomics of code that runs on virtual CPUs.
//
// What the kernel accesses atomically is an Atomic here, with the kernel's memory
// order. Under ThreadSanitizer, which sees each virtual CPU as a thread, that is
// std::atomic. In other builds all CPUs share one OS thread and switch only at
// step points, so a plain variable does the same, without the price of locked
// instructions. An Atomic therefore must not be shared between OS threads.
#pragma once

#include <atomic>

#include "engine/sanitizer.h"

namespace shootdown {

#ifdef SHOOTDOWN_TSAN

template <typename T>
using Atomic = std::atomic<T>;

#else

// The part of std::atomic that is used, with the same meaning.
template <typename T>
class Atomic {
 public:
  constexpr Atomic() = default;
  constexpr Atomic(T value) : value_(value) {}  // NOLINT(google-explicit-constructor): as std::atomic
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order /*order*/) const { return value_; }
  void store(T value, std::memory_order /*order*/) { value_ = value; }

  T exchange(T value, std::memory_order /*order*/) {
    const T old = value_;
    value_ = value;
    return old;
  }
  T fetch_add(T value, std::memory_order order) { return exchange(static_cast<T>(value_ + value), order); }
  T fetch_sub(T value, std::memory_order order) { return exchange(static_cast<T>(value_ - value), order); }
  T fetch_or(T value, std::memory_order order) { return exchange(static_cast<T>(value_ | value), order); }
  T fetch_and(T value, std::memory_order order) { return exchange(static_cast<T>(value_ & value), order); }

  bool compare_exchange_strong(T& expected, T desired, std::memory_order /*order*/) {
    if (value_ != expected) {
      expected = value_;
      return false;
    }
    value_ = desired;
    return true;
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order /*failure*/) {
    return compare_exchange_strong(expected, desired, success);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order order) {
    return compare_exchange_strong(expected, desired, order);
  }

 private:
  T value_{};
};

#endif

}  // namespace shootdown
