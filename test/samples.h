// Helpers for tests that try very many cases of one kind: with sanitizers, not all of them.
//
// A sanitizer makes a test take some ten times as long, and looks for mistakes of other kinds than those for which all
// the cases are there. Each of them is tried in builds without one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/sanitizer.h"

namespace shootdown {

// One of so many is tried.
inline constexpr int one_in = memory_is_sanitized ? 10 : 1;

// The corpus's stories, as paths below the root.
inline std::vector<std::string> all_stories() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(SHOOTDOWN_ROOT) / "corpus")) {
    if (entry.path().extension() == ".program") all.push_back("corpus/" + entry.path().filename().string());
  }
  std::ranges::sort(all);
  return all;
}
// One in as many of them.
inline std::vector<std::string> sampled_stories() {
  const std::vector<std::string> all = all_stories();
  std::vector<std::string> stories;
  for (std::size_t i = 0; i < all.size(); i += one_in) stories.push_back(all[i]);
  return stories;
}

}  // namespace shootdown
