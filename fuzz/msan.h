// What MemorySanitizer must be told, in builds with it; nothing in others.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define SHOOTDOWN_MSAN
#endif
#endif

namespace shootdown {

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

}  // namespace shootdown
