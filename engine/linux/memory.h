// The memory of Linux: its data, per-CPU data, page frames and objects, where its code expects them; and its stacks.
//
// There is one in a process, for its places are fixed. Linux boots in it once; after
// that every run begins with what it was then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/linux/gate.h"
#include "engine/linux/shim/interface.h"
#include "engine/run/run.h"

namespace shootdown {

// In bytes.
inline constexpr Fact struct_page_size = 64;

class LinuxMemory {
 public:
  // Boots Linux when it is called first.
  static LinuxMemory& get();

  LinuxMemory(const LinuxMemory&) = delete;
  LinuxMemory& operator=(const LinuxMemory&) = delete;

  // As it was when Linux had booted.
  void reset();
  // Makes code that runs from now on run as this CPU, on these stacks.
  void become(int cpu, LinuxStacks& stacks) {
    linux_stacks = &stacks;
    if (cpu != cpu_) set_base(cpu);
  }

  // All that a run on so many CPUs has changed of it, but for the stacks.
  void visit(int cpus, const MemoryVisitor& visit) const;

  // The stack of a CPU, in which the kernel's code begins at the end.
  struct Stack {
    std::byte* begin;
    std::byte* end;
  };
  static Stack stack_of(int cpu);
  static bool is_on_stack(int cpu, const void* address) {
    const auto* const byte = static_cast<const std::byte*>(address);
    return byte >= stack_of(cpu).begin && byte < stack_of(cpu).end;
  }

  // Where a place of the kernel's code is, from its beginning, in bytes; and whether it is one.
  static std::size_t offset_of(const void* code);
  static const char* code_at(std::size_t offset);
  static bool is_code(const void* code);
  static std::size_t code_size();

  // The function that a call returns to; empty: it is none of the kernel's.
  static std::string_view function_of(const void* return_address);
  // What is at an address, in the kernel's names.
  std::string describe(const volatile void* address) const;

  static std::uint32_t* frame_words(std::size_t pfn) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): its place is fixed
    return reinterpret_cast<std::uint32_t*>(LINUX_FRAMES_BASE + pfn * linux_page_size);
  }

 private:
  LinuxMemory();

  struct Part {
    std::byte* at;
    std::vector<std::byte> at_boot;
  };
  void set_base(int cpu);
  void keep(std::span<std::byte> part);
  static std::span<std::byte> of_cpus(std::span<std::byte> part, int cpus);

  const bool has_fsgsbase_;
  char* percpu_copies_ = nullptr;                                // one behind the other
  std::array<std::uintptr_t, linux_max_cpus> percpu_offsets_{};  // what %gs is on each CPU
  int cpu_ = -1;
  std::vector<Part> parts_;
};

}  // namespace shootdown
