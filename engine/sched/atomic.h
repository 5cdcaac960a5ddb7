// What virtual CPUs share: atomics, and plain fields that a lock guards.
//
// What the kernel accesses atomically is an Atomic here, with the kernel's memory
// order. Under ThreadSanitizer, which sees each virtual CPU as a thread, there is a
// std::atomic in it. In other builds all CPUs share one OS thread and switch only at
// step points, so a plain variable does the same, without the price of locked
// instructions. An Atomic therefore must not be shared between OS threads.
//
// An atomic action whose result is used learns something about the others; one whose
// result is not used has a name of its own (add, set, clear): two of them may change
// places unnoticed.
//
// What is plain in the kernel is a Shared<T> here, which is a T, but where footprints
// are compared (footprint.h): there both report what is touched.
#pragma once

#include <atomic>

#include "engine/sanitizer.h"
#include "engine/touch.h"

namespace shootdown {

template <typename T>
class Atomic {
 public:
  constexpr Atomic() = default;
  constexpr Atomic(T value) : value_{value} {}  // NOLINT(google-explicit-constructor): as std::atomic
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order) const {
    touched(this, Touch::read);
    return value_.load(order);
  }
  void store(T value, std::memory_order order) {
    touched(this, Touch::write);
    value_.store(value, order);
  }

  [[nodiscard]] T exchange(T value, std::memory_order order) {
    touched(this, Touch::update);
    return value_.exchange(value, order);
  }
  [[nodiscard]] T fetch_add(T value, std::memory_order order) {
    touched(this, Touch::update);
    return value_.fetch_add(value, order);
  }
  [[nodiscard]] T fetch_sub(T value, std::memory_order order) {
    touched(this, Touch::update);
    return value_.fetch_sub(value, order);
  }
  [[nodiscard]] T fetch_or(T bits, std::memory_order order) {
    touched(this, Touch::update);
    return value_.fetch_or(bits, order);
  }
  [[nodiscard]] T fetch_and(T bits, std::memory_order order) {
    touched(this, Touch::update);
    return value_.fetch_and(bits, order);
  }
  // Puts `desired` in the place of `expected`; else fills in what there is. Never fails for no reason.
  [[nodiscard]] bool compare_exchange(T& expected, T desired, std::memory_order order) {
    touched(this, Touch::update);
    return value_.compare_exchange_strong(expected, desired, order, failure_order(order));
  }

  // Adds one, unless there is none (atomic_inc_not_zero). Returns what it is then; zero: nothing was added.
  [[nodiscard]] T inc_not_zero(std::memory_order order) {
    T count = load(std::memory_order_relaxed);
    while (count > 0) {
      if (compare_exchange(count, count + 1, order)) return count + 1;
    }
    return 0;
  }

  // --- whose result is not used ---

  void add(T value, std::memory_order order) {
    touched(this, Touch::write);
    value_.fetch_add(value, order);
  }
  void sub(T value, std::memory_order order) {
    touched(this, Touch::write);
    value_.fetch_sub(value, order);
  }
  void set(T bits, std::memory_order order) {
    touched(this, Touch::write);
    value_.fetch_or(bits, order);
  }
  void clear(T bits, std::memory_order order) {
    touched(this, Touch::write);
    value_.fetch_and(static_cast<T>(~bits), order);
  }

 private:
  // A comparison that fails writes nothing, and releases nothing.
  static constexpr std::memory_order failure_order(std::memory_order order) {
    if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
    return order == std::memory_order_release ? std::memory_order_relaxed : order;
  }

#ifdef SHOOTDOWN_TSAN
  std::atomic<T> value_{};
#else
  // The part of std::atomic that is used, with the same meaning.
  struct OneThread {
    T value{};

    T load(std::memory_order /*order*/) const { return value; }
    void store(T next, std::memory_order /*order*/) { value = next; }
    T exchange(T next, std::memory_order /*order*/) {
      const T old = value;
      value = next;
      return old;
    }
    T fetch_add(T by, std::memory_order order) { return exchange(static_cast<T>(value + by), order); }
    T fetch_sub(T by, std::memory_order order) { return exchange(static_cast<T>(value - by), order); }
    T fetch_or(T bits, std::memory_order order) { return exchange(static_cast<T>(value | bits), order); }
    T fetch_and(T bits, std::memory_order order) { return exchange(static_cast<T>(value & bits), order); }
    bool compare_exchange_strong(T& expected, T desired, std::memory_order /*success*/, std::memory_order /*failure*/) {
      if (value != expected) {
        expected = value;
        return false;
      }
      value = desired;
      return true;
    }
  };
  OneThread value_{};
#endif
};

#ifdef SHOOTDOWN_FOOTPRINTS

template <typename T>
class Shared {
 public:
  constexpr Shared() = default;
  constexpr Shared(T value) : value_(value) {}  // NOLINT(google-explicit-constructor): it stands for a T
  Shared(const Shared& other) : value_(other) {}
  ~Shared() = default;
  Shared& operator=(const Shared& other) {
    if (this != &other) *this = static_cast<T>(other);
    return *this;
  }
  Shared& operator=(T value) {
    touched(this, Touch::write);
    value_ = value;
    return *this;
  }
  operator T() const {  // NOLINT(google-explicit-constructor)
    touched(this, Touch::read);
    return value_;
  }
  T operator->() const { return *this; }
  T operator++() { return *this = static_cast<T>(*this + 1); }
  T operator--() { return *this = static_cast<T>(*this - 1); }
  T operator++(int) {
    const T old = *this;
    *this = static_cast<T>(old + 1);
    return old;
  }

 private:
  T value_{};
};

#else

template <typename T>
using Shared = T;

#endif

}  // namespace shootdown
