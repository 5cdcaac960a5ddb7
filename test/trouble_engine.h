// Helpers for tests: an engine that fails, for the page that the input names.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "engine/check.h"
#include "engine/kernel/zap_engine.h"
#include "test/inputs.h"

namespace shootdown {

class TroubleEngine final : public ZapEngine {
 public:
  std::string_view name() const override { return "trouble"; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }

  void zap_page_range(Task& /*current*/, Vma& /*vma*/, int page, int /*end*/,
                      const ZapDetails& /*details*/) const override {
    if (page == 1) SHOOTDOWN_CHECK(page == 0);
    if (page == 2) std::abort();
    if (page == 3) std::fputs("SUMMARY: SomeSanitizer: data race\n", stderr);
    while (page == 4 && forever) {
    }
  }
  void unmap_region(Task& /*current*/, std::span<Vma* const> /*vmas*/) const override {}
  void exit_mmap(Task& /*current*/) const override {}

 private:
  static inline volatile bool forever = true;
};

// An input, encoded, that zaps this page. Page 0 does no harm.
inline std::string trouble(int page, int variant = 0) {
  return encoded(fmt::format("shootdown 2\nmachine pages 8\n\ncpu {}: dontneed page {}\n", variant, page));
}

}  // namespace shootdown
