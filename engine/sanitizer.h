// What the sanitizers must be told about fibers and about the harness.
//
// ThreadSanitizer sees every virtual CPU as a thread of its own (fiber.h). The
// scheduler, the hardware model, the oracles and the reference are no code of
// the modelled kernel: they run on every CPU's fiber without locks, and TSan
// must not look at them. Small hot functions carry SHOOTDOWN_HARNESS; larger
// stretches stand in the scope of an Unwatched object. Without TSan both are
// nothing.
//
// An Unwatched object must not live across a switch of fibers.
//
// MemorySanitizer knows of what instrumented code has written, and must be told
// of the rest (declare_written); AddressSanitizer of memory that nobody may touch
// for a while (forbid).
#pragma once

#include <cstddef>
#include <utility>

#include "engine/touch.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SHOOTDOWN_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define SHOOTDOWN_ASAN 1
#endif
#if __has_feature(memory_sanitizer)
#define SHOOTDOWN_MSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SHOOTDOWN_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SHOOTDOWN_ASAN 1
#endif

#ifdef SHOOTDOWN_TSAN
#define SHOOTDOWN_HARNESS __attribute__((no_sanitize("thread"), noinline))
#else
#define SHOOTDOWN_HARNESS
#endif

#ifdef SHOOTDOWN_MSAN
#include <sanitizer/msan_interface.h>
#endif

// The runtimes' own names.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern "C" {
#ifdef SHOOTDOWN_ASAN
void __asan_poison_memory_region(const volatile void* data, std::size_t size);
void __asan_unpoison_memory_region(const volatile void* data, std::size_t size);
#endif
#ifdef SHOOTDOWN_TSAN
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)

namespace shootdown {

// Whether one that keeps books of memory is in this build.
#if defined(SHOOTDOWN_ASAN) || defined(SHOOTDOWN_MSAN) || defined(SHOOTDOWN_TSAN)
inline constexpr bool memory_is_sanitized = true;
#else
inline constexpr bool memory_is_sanitized = false;
#endif

// In its scope, ThreadSanitizer ignores plain memory accesses of this fiber, and touches (touch.h) are nobody's.
class [[nodiscard]] Unwatched {
 public:
#if defined(SHOOTDOWN_TSAN)
  Unwatched() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unwatched() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#elif defined(SHOOTDOWN_FOOTPRINTS)
  Unwatched() : told_(std::exchange(touch_observer, nullptr)) {}
  ~Unwatched() { touch_observer = told_; }
#else
  Unwatched() {}   // NOLINT(modernize-use-equals-default): an object that does nothing would be a warning
  ~Unwatched() {}  // NOLINT(modernize-use-equals-default)
#endif
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;

#if defined(SHOOTDOWN_FOOTPRINTS) && !defined(SHOOTDOWN_TSAN)
 private:
  TouchObserver* told_;
#endif
};

// Memory has been written by code that is not instrumented.
inline void declare_written([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t size) {
#ifdef SHOOTDOWN_MSAN
  __msan_unpoison(data, size);
#endif
}

// The same for a string, which ends with a zero.
inline void declare_written([[maybe_unused]] const char* text) {
#ifdef SHOOTDOWN_MSAN
  __msan_unpoison_string(text);
#endif
}

// For AddressSanitizer: whoever touches this memory makes a mistake, or does not any more.
inline void forbid([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t size) {
#ifdef SHOOTDOWN_ASAN
  __asan_poison_memory_region(data, size);
#endif
}
inline void permit([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t size) {
#ifdef SHOOTDOWN_ASAN
  __asan_unpoison_memory_region(data, size);
#endif
}

}  // namespace shootdown
