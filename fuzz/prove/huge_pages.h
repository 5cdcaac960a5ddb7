// An allocator for what is large and looked at here and there: asks for pages so large that the processor's own TLB is
// not in the way. What is smaller than such a page is allocated as usual: to clear all of one would take longer than it saves.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace shootdown {

template <typename T>
struct HugePages {
  using value_type = T;  // NOLINT(readability-identifier-naming): as the library calls it

  HugePages() = default;
  template <typename U>
  explicit HugePages(const HugePages<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    constexpr std::size_t page = std::size_t{2} << 20U;
    const bool is_small = count * sizeof(T) < page;
    const std::size_t size = is_small ? count * sizeof(T) : (count * sizeof(T) + page - 1) / page * page;
    void* const memory = is_small ? std::malloc(size) : std::aligned_alloc(page, size);
    if (memory == nullptr) throw std::bad_alloc();
    // If there are none it is only slower.
    if (!is_small) madvise(memory, size, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t /*count*/) { std::free(memory); }

  bool operator==(const HugePages& /*other*/) const { return true; }
};

}  // namespace shootdown
