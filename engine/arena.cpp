#include "engine/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/check.h"
#include "engine/sanitizer.h"

namespace shootdown {

namespace {

std::byte* map_at(std::uintptr_t address, int flags) {
  void* const base = mmap(reinterpret_cast<void*>(address), Arena::capacity, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  return base == MAP_FAILED ? nullptr : static_cast<std::byte*>(base);
}

std::byte* map_arena() {
  // Far from where programs, their heaps and their stacks are; sanitizers have plans of their own. Neither half of it is a
  // small number, nor has it few bits that are set.
  constexpr std::uintptr_t first = 0x2B7CB4000000;
  constexpr std::uintptr_t places = memory_is_sanitized ? 0 : 64;
  for (std::uintptr_t i = 0; i < places; ++i) {
    if (std::byte* const base = map_at(first + i * Arena::capacity, MAP_FIXED_NOREPLACE)) return base;
  }
  return map_at(0, 0);
}

}  // namespace

Arena::Arena() : base_(map_arena()) {
  SHOOTDOWN_CHECK(base_ != nullptr);
  forbid_behind(0);
}

Arena::~Arena() {
  permit(base_, forbidden_);
  munmap(base_, capacity);
}

// What is forbidden, too, is as it was: a run must not take another way because of the one before.
void Arena::clear() {
  permit(base_, forbidden_);
  std::memset(base_, 0, used_);
  used_ = 0;
  forbidden_ = 0;
  forbid_behind(0);
}

void Arena::forbid_behind(std::size_t end) {
  const std::size_t wanted = std::min(end + forbidden_ahead, capacity);
  if (wanted <= forbidden_) return;
  // Not a little each time.
  const std::size_t more = std::min(wanted + forbidden_ahead, capacity);
  forbid(base_ + forbidden_, more - forbidden_);
  forbidden_ = more;
}

void Arena::restore(std::span<const std::byte> bytes) {
  SHOOTDOWN_CHECK(bytes.size() <= capacity);
  std::memcpy(base_, bytes.data(), bytes.size());
  if (bytes.size() < used_) std::memset(base_ + bytes.size(), 0, used_ - bytes.size());
  used_ = bytes.size();
}

}  // namespace shootdown
