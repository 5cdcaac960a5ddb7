#include "fuzz/checks/allocations.h"

#include <cstdlib>

#include "engine/sanitizer.h"

namespace {

std::size_t count = 0;

}  // namespace

std::size_t shootdown::allocations() {
  return count;
}

// The names are those of the C library and of the sanitizers.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern "C" {

#if defined(SHOOTDOWN_ASAN) || defined(SHOOTDOWN_MSAN) || defined(SHOOTDOWN_TSAN)

void __sanitizer_malloc_hook(const volatile void* memory, std::size_t size);

SHOOTDOWN_HARNESS void __sanitizer_malloc_hook(const volatile void* /*memory*/, std::size_t /*size*/) {
  ++count;
}

#else

void* __libc_malloc(std::size_t size);

void* malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}

#endif

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
