#include "engine/linux/gate.h"

#include <cstddef>

namespace shootdown {

// Used by assembly, which a linker that optimises does not read.
LinuxStacks linux_no_stacks;
[[gnu::used]] LinuxStacks* linux_stacks = &linux_no_stacks;
[[gnu::used]] const void* linux_caller = nullptr;

static_assert(offsetof(LinuxStacks, kernel) == 0 && offsetof(LinuxStacks, program) == 8);

// The registers that a function keeps for its caller are pushed on the stack that is left, and those that the other side
// finds hold nothing by chance: whatever it pushes is compared.

// On the fiber's stack, which is aligned: function, and up to five arguments.
[[gnu::naked]] std::uint64_t linux_enter(const void* /*function*/, std::uint64_t /*a*/, std::uint64_t /*b*/,
                                         std::uint64_t /*c*/, std::uint64_t /*d*/, std::uint64_t /*e*/) {
  asm(R"(
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    movq linux_stacks(%rip), %rbx
    movq %rsp, 8(%rbx)
    movq (%rbx), %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %rcx
    movq %r9, %r8
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %ebp, %ebp
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    call *%rax
    movq %rsp, (%rbx)
    movq 8(%rbx), %rsp
    movq $0, 8(%rbx)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
  )");
}

// Behind every gate: %r11 serves the call, with the arguments that there are. %r10: whether nothing is answered.
extern "C" [[gnu::naked, gnu::used]] void linux_leave() {
  asm(R"(
    pushq %rbp
    pushq %rbx
    movq linux_stacks(%rip), %rbx
    cmpq $0, 8(%rbx)
    je 1f
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq 8(%rbx), %r12
    movq %r10, %r13
    movq %rsp, (%rbx)
    movq $0, 8(%rbx)
    movq %r12, %rsp
    call *%r11
    movq %r12, 8(%rbx)
    movq (%rbx), %rsp
    testl %r13d, %r13d
    je 2f
    xorl %eax, %eax
  2:
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
  1:
    popq %rbx
    popq %rbp
    jmp *%r11
  )");
}

}  // namespace shootdown
