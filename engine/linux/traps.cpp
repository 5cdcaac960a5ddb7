#include "engine/linux/traps.h"

#include <ucontext.h>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "engine/check.h"
#include "engine/linux/memory.h"
#include "engine/linux/shim/interface.h"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {
// Of symbols that nobody provides, in the order of the places that they were given, 4096 bytes each, from here on; null at
// the end.
extern const char* const linux_missing_names[];
extern const std::uintptr_t linux_missing_base;
// The kernel's table of its WARNs and BUGs (struct bug_entry with relative pointers).
struct BugEntry {
  std::int32_t code;  // from here
  std::int32_t file;
  std::uint16_t line;
  std::uint16_t flags;
};
extern const BugEntry __start___bug_table[], __stop___bug_table[];
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace shootdown {

namespace {

greg_t& general_register(ucontext_t& context, unsigned number) {
  static constexpr std::array<int, 16> registers{REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                                 REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                                 REG_R12, REG_R13, REG_R14, REG_R15};
  return context.uc_mcontext.gregs[registers[number]];
}

// Does the instruction if it is one of those that only a kernel may: invlpg, and moves from and to cr3.
bool emulate(ucontext_t& context) {
  greg_t& next = context.uc_mcontext.gregs[REG_RIP];
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const auto* const code = reinterpret_cast<const unsigned char*>(next);
  if (!LinuxMemory::is_code(code)) return false;
  const bool prefixed = (code[0] & 0xF0U) == 0x40U;
  const unsigned high = prefixed && (code[0] & 1U) != 0 ? 8U : 0U;
  const unsigned char* const opcode = code + (prefixed ? 1 : 0);
  if (opcode[0] != 0x0F) return false;
  host_code(code + 1);
  greg_t& operand = general_register(context, (opcode[2] & 7U) | high);
  if (opcode[1] == 0x01 && (opcode[2] & 0xF8U) == 0x38U) {
    host_flush_tlb_page(static_cast<unsigned long>(operand));
  } else if (opcode[1] == 0x22) {
    linux_write_cr3(static_cast<unsigned long>(operand));
    host_flush_tlb();
  } else if (opcode[1] == 0x20) {
    operand = static_cast<greg_t>(linux_read_cr3());
  } else {
    return false;
  }
  next += opcode + 3 - code;
  return true;
}

[[noreturn]] void die_of(std::uintptr_t address, const ucontext_t& context) {
  const std::uintptr_t number = (address - linux_missing_base) / 4096;
  std::uintptr_t known = 0;
  while (linux_missing_names[known] != nullptr) ++known;
  if (address >= linux_missing_base && number < known) {
    std::fprintf(stderr, "shootdown: the kernel's code needs %s, which nobody provides, at %#llx\n",
                 linux_missing_names[number], context.uc_mcontext.gregs[REG_RIP]);
  } else {
    std::fprintf(stderr, "shootdown: the kernel's code faults at %#lx, code %#llx\n", address,
                 context.uc_mcontext.gregs[REG_RIP]);
  }
  std::abort();
}

void on_fault(int /*signal*/, siginfo_t* info, void* context) {
  auto& at = *static_cast<ucontext_t*>(context);
  if (!emulate(at)) die_of(reinterpret_cast<std::uintptr_t>(info->si_addr), at);
}

// Where a relative pointer leads.
const char* target_of(const std::int32_t& pointer) {
  return reinterpret_cast<const char*>(&pointer) + pointer;
}

// ud2: a WARN or BUG. What has warned is not run on: nothing that it does from then on can be relied on.
[[noreturn]] void on_illegal(int /*signal*/, siginfo_t* /*info*/, void* context) {
  const auto code = static_cast<std::uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
  for (const BugEntry* entry = __start___bug_table; entry != __stop___bug_table; ++entry) {
    if (reinterpret_cast<std::uintptr_t>(target_of(entry->code)) != code) continue;
    std::fprintf(stderr, "shootdown: the kernel warns at %s:%d\n", target_of(entry->file), entry->line);
    std::abort();
  }
  std::fprintf(stderr, "shootdown: the kernel stops, code %#lx\n", code);
  std::abort();
}

}  // namespace

void install_linux_traps() {
  static std::array<char, 65536> stack;
  stack_t where{};
  where.ss_sp = stack.data();
  where.ss_size = stack.size();
  SHOOTDOWN_CHECK(sigaltstack(&where, nullptr) == 0);
  struct sigaction action{};
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  action.sa_sigaction = on_fault;
  SHOOTDOWN_CHECK(sigaction(SIGSEGV, &action, nullptr) == 0);
  SHOOTDOWN_CHECK(sigaction(SIGBUS, &action, nullptr) == 0);
  action.sa_sigaction = on_illegal;
  SHOOTDOWN_CHECK(sigaction(SIGILL, &action, nullptr) == 0);
}

}  // namespace shootdown
