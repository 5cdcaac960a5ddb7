#include "engine/check.h"

#include <cstdio>
#include <cstdlib>

namespace shootdown {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "shootdown: internal error: %s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace shootdown
