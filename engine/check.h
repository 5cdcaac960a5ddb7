// Internal invariants of Shootdown itself.
//
// SHOOTDOWN_CHECK is for what must hold whatever the input and whatever the
// engine: if it fails, the harness is wrong, not the code under test. It stays
// active in every build type. Guarantees of an *engine* are never checked
// here; they belong to the oracles.
#pragma once

namespace shootdown {

// Prints one line and aborts. Never returns.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace shootdown

#define SHOOTDOWN_CHECK(condition)                                          \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                     : ::shootdown::check_failed(#condition, __FILE__, __LINE__))
