// Helpers for tests: programs whose verdicts are known.
#pragma once

#include <string_view>

namespace shootdown {

// Both engines break something, and eager_dirty first fsync-durability.
inline constexpr std::string_view lost_write =
    "shootdown 1\n"
    "expect eager_dirty breaks page-cache-contents, lost-dirty-data, fsync-durability\n"
    "expect deferred_dirty breaks filesystem-contract\n"
    "cpu 0: store page 0 word 0\n"
    "cpu 1: dontneed page 0\n"
    "  after 9 steps switch to cpu 2\n"
    "cpu 2: fsync page 0\n"
    "cpu 0: store page 0 word 0\n";

inline constexpr std::string_view harmless =
    "shootdown 1\n"
    "expect eager_dirty holds\n"
    "expect deferred_dirty holds\n"
    "cpu 0: store page 0 word 0\n";

}  // namespace shootdown
