// The memory of a run: all that it changes lies in one piece, one thing behind
// the other, so that a small program has a small world.
//
// Things are made in order and never destroyed one by one; they must own nothing
// that lies elsewhere. clear() takes everything back and leaves zeros, so that
// each run begins with the same bytes, those between things included. The bytes
// in use can be copied away and put back (Simulation::save): whatever points into
// the arena is as good then as it was.
//
// Where no sanitizer is in the way, the first arena of a process lies at an
// address that is the same in every process, the second at another, and so on. They are such that no number is likely
// to look like a pointer there.
// AddressSanitizer sees accesses to what was not made, 64 KiB and more beyond the last thing.
//
// What lies there is compared byte by byte by who asks whether two worlds are the same. So what is assigned as a whole
// (`entry = {...}`) has no bytes between its members, which would come from anywhere: HAS_NO_GAPS(T) beside it.
//
// Cannot grow: what does not fit is an internal error. Asks the system for memory
// when it is constructed, and never again. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "engine/check.h"
#include "engine/sanitizer.h"

namespace shootdown {

#define HAS_NO_GAPS(T) static_assert(std::has_unique_object_representations_v<T>, "name the bytes between its members")

// So many things of one kind, one behind the other. What is asked for must be there.
template <typename T>
class Row {
 public:
  constexpr Row() = default;
  constexpr Row(T* first, int count) : first_(first), count_(count) {}

  constexpr int size() const { return static_cast<int>(count_); }
  constexpr T* begin() const { return first_; }
  constexpr T* end() const { return first_ + count_; }
  constexpr T& operator[](const auto& index) const {
    SHOOTDOWN_CHECK(static_cast<std::size_t>(index) < static_cast<std::size_t>(count_));
    return first_[index];
  }
  // The first of them.
  constexpr Row first(int count) const {
    SHOOTDOWN_CHECK(count >= 0 && count <= count_);
    return {first_, count};
  }

 private:
  T* first_ = nullptr;
  std::ptrdiff_t count_ = 0;
};

class Arena {
 public:
  // More than the largest program needs. Only what is used takes memory.
  static constexpr std::size_t capacity = std::size_t{64} << 20U;

  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void clear();

  template <typename T, typename... Arguments>
  T& make(Arguments&&... arguments) {
    return *::new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
  }
  // `count` of them, as T() is.
  template <typename T>
  Row<T> row(int count) {
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a row of pointers is one of pointers
    T* const first = static_cast<T*>(allocate(static_cast<std::size_t>(count) * sizeof(T), alignof(T)));
    // All bits of it are zero already.
    if constexpr (!std::is_trivially_default_constructible_v<T>) std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

  // Where it lies: all that could be made.
  std::span<const std::byte> place() const { return {base_, capacity}; }
  // All that was made since the last clear().
  std::span<const std::byte> used() const { return {base_, used_}; }
  // Puts back what used() has shown since the last clear(). What was made later is no more.
  void restore(std::span<const std::byte> bytes);

 private:
  // Between things, so that who goes beyond the end of one does not get to the next unseen.
  static constexpr std::size_t red_zone = memory_is_sanitized ? 32 : 0;
  // Behind what is used. To forbid all that could be would take more time than many runs.
  static constexpr std::size_t forbidden_ahead = std::size_t{64} << 10U;

  void* allocate(std::size_t size, std::size_t alignment) {
    const std::size_t begin = (used_ + alignment - 1) & ~(alignment - 1);
    SHOOTDOWN_CHECK(size <= capacity && begin + size + red_zone <= capacity);
    used_ = begin + size + red_zone;
    if (memory_is_sanitized) forbid_behind(used_);
    permit(base_ + begin, size);
    return base_ + begin;
  }
  void forbid_behind(std::size_t end);

  std::byte* base_;
  std::size_t used_ = 0;
  std::size_t forbidden_ = 0;  // up to here all is, but what has been made
};

}  // namespace shootdown
