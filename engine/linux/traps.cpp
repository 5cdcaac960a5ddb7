#include "engine/linux/traps.h"

#include <ucontext.h>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "engine/check.h"
#include "engine/linux/linux_run.h"
#include "engine/linux/memory.h"
#include "engine/linux/shim/interface.h"
#include "engine/linux/texts.h"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {
// Of symbols that nobody provides, in the order of the places that they were given, 4096 bytes each, from here on; null at
// the end.
extern const char* const linux_missing_names[];
extern const std::uintptr_t linux_missing_base;
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
  LinuxRun* const run = LinuxRun::current();
  if (run != nullptr) run->comes_of(code + 1);
  greg_t& operand = general_register(context, (opcode[2] & 7U) | high);
  if (opcode[1] == 0x01 && (opcode[2] & 0xF8U) == 0x38U) {
    if (run != nullptr) run->flush_tlb_page(static_cast<std::uintptr_t>(operand));
  } else if (opcode[1] == 0x22) {
    linux_write_cr3(static_cast<unsigned long>(operand));
    if (run != nullptr) run->flush_tlb();
  } else if (opcode[1] == 0x20) {
    operand = static_cast<greg_t>(linux_read_cr3());
  } else {
    return false;
  }
  next += opcode + 3 - code;
  return true;
}

// Whether nobody provides what is there. If so, the process ends.
void check_provided(std::uintptr_t address, std::uintptr_t code) {
  const std::uintptr_t number = (address - linux_missing_base) / 4096;
  std::uintptr_t known = 0;
  while (linux_missing_names[known] != nullptr) ++known;
  if (address < linux_missing_base || number >= known) return;
  std::fprintf(stderr, "shootdown: the kernel's code needs %s, which nobody provides, at %#lx\n",
               linux_missing_names[number], code);
  std::abort();
}

// The run whose CPU was doing this on its own stack; null: there is none.
LinuxRun* run_of(const ucontext_t& context) {
  LinuxRun* const run = LinuxRun::current();
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const auto* const stack = reinterpret_cast<const void*>(context.uc_mcontext.gregs[REG_RSP]);
  return run != nullptr && run->is_on_cpu(stack) ? run : nullptr;
}

// Has the CPU end the run when the handler returns: on its own stack, for a run cannot be left from that of a handler.
void end_run(ucontext_t& context) {
  constexpr greg_t red_zone = 128;
  constexpr greg_t alignment = 16;
  greg_t& stack = context.uc_mcontext.gregs[REG_RSP];
  stack = ((stack - red_zone) & -alignment) - static_cast<greg_t>(sizeof(void*));  // as after a call
  context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&LinuxRun::end_here);
}

// Code of the kernel's that has touched what is not there, or has gone to it, as where a call of it would return to; null: it was
// not the kernel's.
const void* culprit(const LinuxRun& run, const siginfo_t& info, const ucontext_t& context) {
  if (run.looked_at() != nullptr) return run.looked_at()->code;
  // NOLINTBEGIN(performance-no-int-to-ptr)
  const auto* const code = reinterpret_cast<const void*>(context.uc_mcontext.gregs[REG_RIP]);
  // An instruction that only a kernel may do faults without an address.
  if (info.si_code == SI_KERNEL) return nullptr;
  if (LinuxMemory::is_code(code)) return static_cast<const char*>(code) + 1;
  const void* const caller = *reinterpret_cast<const void* const*>(context.uc_mcontext.gregs[REG_RSP]);
  // NOLINTEND(performance-no-int-to-ptr)
  return code == info.si_addr && LinuxMemory::is_code(caller) ? caller : nullptr;
}

void on_fault(int /*signal*/, siginfo_t* info, void* context) {
  auto& at = *static_cast<ucontext_t*>(context);
  if (emulate(at)) return;
  const auto code = static_cast<std::uintptr_t>(at.uc_mcontext.gregs[REG_RIP]);
  auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  check_provided(address, code);
  LinuxRun* const run = run_of(at);
  const void* const where = run == nullptr ? nullptr : culprit(*run, *info, at);
  if (where == nullptr) {
    std::fprintf(stderr, "shootdown: a fault at %#lx, code %#lx\n", address, code);
    std::abort();
  }
  // Of an address that has too many bits the CPU does not say which it was.
  if (const LinuxRun::Look* const access = run->looked_at(); access != nullptr && info->si_code == SI_KERNEL)
    address = reinterpret_cast<std::uintptr_t>(access->address);
  run->complains({.how = event::KernelWarns::How::touches,
                  .text = text_of_function(where),
                  .address_high = static_cast<Fact>(address >> 32U),
                  .address_low = static_cast<Fact>(address)});
  end_run(at);
}

// ud2: a WARN or BUG.
void on_illegal(int /*signal*/, siginfo_t* /*info*/, void* context) {
  constexpr greg_t length = 2;
  auto& at = *static_cast<ucontext_t*>(context);
  greg_t& next = at.uc_mcontext.gregs[REG_RIP];
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const std::optional<LinuxBug> bug = find_linux_bug(reinterpret_cast<const void*>(next));
  LinuxRun* const run = run_of(at);
  if (run == nullptr || !bug.has_value()) {
    const std::string_view place = bug.has_value() ? linux_text(bug->place) : "unknown code";
    std::fprintf(stderr, "shootdown: the kernel stops outside a run at %.*s, %#llx\n", static_cast<int>(place.size()),
                 place.data(), next);
    std::abort();
  }
  using enum event::KernelWarns::How;
  run->complains({.how = bug->goes_on ? warns : stops, .text = bug->place});
  if (bug->goes_on) {
    next += length;
  } else {
    end_run(at);
  }
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
