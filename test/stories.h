// Helpers for tests: programs whose verdicts are known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "engine/zap/engines.h"

namespace shootdown {

// What replaying so many files on every engine is summed up as, up to the verdict: "2 files, 3 engines, 6 runs".
inline std::string summary_of(std::size_t files) {
  const std::size_t engines = all_engines().size();
  return fmt::format("{} file{}, {} engines, {} runs", files, files == 1 ? "" : "s", engines, files * engines);
}

// eager_dirty and deferred_dirty break something, the first at first lost-dirty-data.
inline constexpr std::string_view lost_write =
    "shootdown 2\n"
    "expect eager_dirty breaks page-cache-contents, lost-dirty-data, fsync-durability, dirty-unmapped\n"
    "expect deferred_dirty breaks dirty-unmapped, filesystem-contract\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "  after remove rmap of page 0 switch to cpu 2\n"
    "cpu 2: fsync page 0\n"
    "cpu 0: store page 0 word 0\n";

// The same operations on a small machine, for searches: in the order of the list nothing is lost.
inline constexpr std::string_view lost_write_in_order =
    "shootdown 2\n"
    "machine cpus 2, pages 1, words 1\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "cpu 0: fsync page 0\n"
    "cpu 0: store page 0 word 0\n";

// What of it nothing can be left out of, and it still loses data on eager_dirty; printed.
inline constexpr std::string_view smallest_lost_write =
    "shootdown 2\n"
    "machine cpus 2, pages 1, words 1\n"
    "\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "  after remove rmap of page 0 switch to cpu 0\n"
    "cpu 0: fsync page 0\n"
    "cpu 0: store page 0 word 0\n";

inline constexpr std::string_view harmless =
    "shootdown 2\n"
    "expect eager_dirty holds\n"
    "expect deferred_dirty holds\n"
    "cpu 0: store page 0 word 0\n";

}  // namespace shootdown
