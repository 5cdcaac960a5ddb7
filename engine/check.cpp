#include "engine/check.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace shootdown {

namespace {

// Without the folder in which the project was built: crashes are told apart by it.
const char* name_in_project(const char* file) {
  constexpr std::string_view here = __FILE__;
  constexpr std::string_view root = here.substr(0, here.size() - std::string_view("engine/check.cpp").size());
  return std::string_view(file).starts_with(root) ? file + root.size() : file;
}

}  // namespace

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "shootdown: internal error: %s:%d: check failed: %s\n", name_in_project(file), line, condition);
  std::abort();
}

}  // namespace shootdown
