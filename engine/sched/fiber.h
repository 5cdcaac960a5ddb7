// A stackful fiber: one virtual CPU's stack and registers.
//
// A fiber is created once and reused: entering it anew costs no allocation. A
// switch costs a few nanoseconds (Boost.Context's fcontext); the sanitizers are
// told of every switch. To ThreadSanitizer each fiber is a thread, and a switch
// makes no happens-before edge: only the locks and atomics of the code that
// runs on the fibers order their accesses. Fiber::synchronise makes the edges
// that are wanted, at the start and the end of a run.
//
// Not thread-safe: all fibers of a scheduler belong to one OS thread.
#pragma once

#include <cstddef>
#include <span>

#include "engine/sanitizer.h"

namespace shootdown {

class Fiber {
 public:
  // The fiber of the calling thread itself; has no stack of its own.
  Fiber();
  // A fiber with a stack. Calls entry(argument) when first switched to; entry must never return.
  Fiber(void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Forgets whatever the fiber was doing; the next switch enters it from the start. No destructor
  // of an object on its stack runs. Must not be called on the fiber that is running.
  void restart();

  // Leaves this fiber, which must be the running one, for `to`; returns when somebody switches back.
  void switch_to(Fiber& to);

  // What stands on its stack, while it does not run; and puts back what stood there once, so that it goes on from where
  // it was then. Not with a sanitizer, which keeps books of its own of each stack.
  static constexpr bool can_be_restored = !memory_is_sanitized;
  std::span<const std::byte> live() const;
  void restore(std::span<const std::byte> live);

  // Where its stack lies.
  std::span<const std::byte> stack() const { return {reinterpret_cast<const std::byte*>(stack_), stack_size_}; }
  // Whether it is on its stack.
  bool owns(const void* address) const {
    return static_cast<std::size_t>(static_cast<const char*>(address) - stack_) < stack_size_;
  }

  // Orders, for ThreadSanitizer, all that `other` did before all that this fiber, which must be
  // the running one, will do, and the reverse. Nothing in other builds.
  void synchronise(Fiber& other);

 private:
  static void enter(void* previous_context, void* pair);

  void* context_ = nullptr;  // fcontext_t while the fiber is not running
  char* stack_ = nullptr;    // lowest usable byte; nullptr for the thread's own fiber
  std::size_t stack_size_ = 0;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
  [[maybe_unused]] void* fake_stack_ = nullptr;  // AddressSanitizer's
  [[maybe_unused]] void* tsan_fiber_ = nullptr;  // ThreadSanitizer's
};

}  // namespace shootdown
