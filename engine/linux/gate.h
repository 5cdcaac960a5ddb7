// Between the kernel's code, which runs on stacks of its own, and the program around it.
//
// Each CPU has two stacks: that of its fiber, on which the program runs, and one of the kernel's. Whoever calls the
// kernel enters it here; and a function that its code calls is served, on the fiber's stack, behind a gate of its name
// (hooks.cpp). So nothing that the program does leaves bytes among those of the kernel's code: what that knows, while it
// does not run, is on its stack and nowhere else, the registers that it has in use included.
//
// Code that is called without that, as when Linux boots or says what is in its memory, runs on the caller's stack, and so does
// what serves it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace shootdown {

// How far the two stacks of a CPU are in use. The assembly of gate.cpp knows where its members are.
struct LinuxStacks {
  std::byte* kernel = nullptr;   // where it goes on from, or begins, when it does not run
  std::byte* program = nullptr;  // the same of the program; null: that runs
};

// --- what the gates have, of the CPU that runs ---

extern "C" LinuxStacks* linux_stacks;
// Where the kernel's code goes on that came to a gate last.
extern "C" const void* linux_caller;

// Of nobody: for code that is called without entering.
extern "C" LinuxStacks linux_no_stacks;

extern "C" std::uint64_t linux_enter(const void* function, std::uint64_t a = 0, std::uint64_t b = 0,
                                     std::uint64_t c = 0, std::uint64_t d = 0, std::uint64_t e = 0);

// Calls a function of the kernel's on its stack.
template <typename Result, typename... Parameters, typename... Arguments>
Result enter_linux(Result (*function)(Parameters...), Arguments... arguments) {
  static_assert((std::is_scalar_v<Parameters> && ...));
  const auto entered = [&] {
    return linux_enter(reinterpret_cast<const void*>(function),
                       static_cast<std::uint64_t>(static_cast<Parameters>(arguments))...);
  };
  if constexpr (std::is_void_v<Result>) {
    entered();
  } else {
    return static_cast<Result>(entered());
  }
}

}  // namespace shootdown
