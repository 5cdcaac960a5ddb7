// What the kernel's objects call: KCSAN's hooks, which come before every access to memory, and the shim's host_*.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/linux/gate.h"
#include "engine/linux/linux_run.h"
#include "engine/linux/shim/interface.h"

using shootdown::as_fact;
using shootdown::Fact;
using shootdown::linux_caller;
using shootdown::LinuxRun;
using shootdown::LockClass;
using shootdown::LockFact;

// The gate NAME (gate.h), of a function that answers or does not, and what serves it. The kernel keeps its stack aligned to 8
// bytes only.
#define GATE(name, answers)                                                      \
  asm(".text\n.globl " #name "\n.type " #name ", @function\n" #name              \
      ": movq (%rsp), %r10\n movq %r10, linux_caller(%rip)\n leaq served_" #name \
      "(%rip), %r11\n"                                                           \
      "movl $1 - " #answers ", %r10d\n jmp linux_leave\n");                      \
  __attribute__((force_align_arg_pointer, noinline, used))
#define HOOK(name) GATE(name, 0) void served_##name
// Of functions that interface.h declares.
#define SERVE(name)             \
  decltype(name) served_##name; \
  GATE(name, 0) void served_##name
#define ANSWER(name)            \
  decltype(name) served_##name; \
  GATE(name, 1) int served_##name

namespace {

// To the run that is under way. While Linux boots, and a run is made ready, there is none, and nobody is told.
template <typename... Parameters, typename... Arguments>
void tell(void (LinuxRun::*what)(Parameters...), Arguments... arguments) {
  LinuxRun* const run = LinuxRun::current();
  if (run == nullptr) return;
  const LinuxRun::Served served(*run, what, arguments...);
  (run->*what)(static_cast<Parameters>(arguments)...);
}

void accesses(const volatile void* address, std::size_t size, bool writes) {
  const LinuxRun* const run = LinuxRun::current();
  if (run != nullptr && run->passes_over(address, linux_caller)) return;
  tell(&LinuxRun::access_memory, address, size, writes, linux_caller);
}

// Of a lock that is reported.
LockFact lock_fact(linux_lock kind, int owner) {
  const auto named = [=](LockClass name) { return LockFact{.kind = name, .owner = as_fact(owner)}; };
  switch (kind) {
    case linux_other_lock: break;
    case linux_page_table_lock: return named(LockClass::page_table);
    case linux_i_pages_lock: return named(LockClass::i_pages);
    case linux_i_mmap_lock: return named(LockClass::i_mmap);
    case linux_inode_lock: return named(LockClass::inode);
    case linux_mmap_lock: return named(LockClass::mmap);
    case linux_invalidate_lock: return named(LockClass::invalidate);
  }
  std::abort();
}

}  // namespace

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): their names are KCSAN's
#define ACCESS(name, size, writes)   \
  HOOK(name)(void* address) {        \
    accesses(address, size, writes); \
  }
#define HOOKS(size)                                     \
  ACCESS(__tsan_read##size, size, false)                \
  ACCESS(__tsan_write##size, size, true)                \
  ACCESS(__tsan_read_write##size, size, true)           \
  ACCESS(__tsan_unaligned_read##size, size, false)      \
  ACCESS(__tsan_unaligned_write##size, size, true)      \
  ACCESS(__tsan_unaligned_read_write##size, size, true) \
  ACCESS(__tsan_volatile_read##size, size, false)       \
  ACCESS(__tsan_volatile_write##size, size, true)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

HOOK(__tsan_read_range)(void* address, std::size_t size) {
  accesses(address, size, false);
}
HOOK(__tsan_write_range)(void* address, std::size_t size) {
  accesses(address, size, true);
}
void __tsan_init() {}
GATE(__tsan_memcpy, 1) void* served___tsan_memcpy(void* to, const void* from, std::size_t size) {
  tell(&LinuxRun::access_two, from, to, size, linux_caller);
  return std::memcpy(to, from, size);
}
GATE(__tsan_memmove, 1) void* served___tsan_memmove(void* to, const void* from, std::size_t size) {
  tell(&LinuxRun::access_two, from, to, size, linux_caller);
  return std::memmove(to, from, size);
}
GATE(__tsan_memset, 1) void* served___tsan_memset(void* to, int value, std::size_t size) {
  accesses(to, size, true);
  return std::memset(to, value, size);
}
HOOK(__kcsan_check_access)(const volatile void* address, std::size_t size, int type) {
  constexpr int write = 1;
  constexpr int assertion = 8;
  if ((type & assertion) != 0) return;
  if ((type & write) != 0) {
    accesses(address, size, true);
  } else {
    tell(&LinuxRun::read_is_announced, address, size, linux_caller);
  }
}
void kcsan_atomic_next(int /*count*/) {}
void kcsan_disable_current() {}
void kcsan_enable_current() {}
void kcsan_enable_current_nowarn() {}
void kcsan_nestable_atomic_begin() {}
void kcsan_nestable_atomic_end() {}
void kcsan_set_access_mask(unsigned long /*mask*/) {}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

// --- the shim's ---

// Without a run there is only CPU 0, which nobody interrupts.
ANSWER(host_cpu)() {
  LinuxRun* const run = LinuxRun::current();
  return run == nullptr ? 0 : run->sched.current();
}
SERVE(host_step)(const volatile void* address, unsigned long size, int writes, const void* ip) {
  tell(&LinuxRun::step, address, size, writes != 0, ip);
}
SERVE(host_code)(const void* ip) {
  tell(&LinuxRun::comes_of, ip);
}
SERVE(host_step_when)(const void* object, int (*enabled)(const void*), const void* argument, const void* ip) {
  tell(&LinuxRun::step_when, object, enabled, argument, ip);
}
SERVE(host_begin_one_step)(int cpu) {
  tell(&LinuxRun::begin_one_step, cpu);
}
SERVE(host_end_one_step)() {
  tell(&LinuxRun::end_one_step);
}
SERVE(host_wait_until)(const void* object, int (*enabled)(const void*), const void* argument) {
  tell(&LinuxRun::wait_until, object, enabled, argument);
}
SERVE(host_wake)() {
  tell(&LinuxRun::wake);
}
SERVE(host_sleep)() {
  tell(&LinuxRun::sleep);
}
SERVE(host_send_interrupt)(int cpu) {
  tell(&LinuxRun::send_interrupt, cpu);
}
SERVE(host_flush_tlb_page)(unsigned long address) {
  tell(&LinuxRun::flush_tlb_page, address);
}
SERVE(host_flush_tlb)() {
  tell(&LinuxRun::flush_tlb);
}
ANSWER(host_allocation_fails)() {
  LinuxRun* const run = LinuxRun::current();
  return run != nullptr && run->allocation_fails() ? 1 : 0;
}
SERVE(host_batch_allocated)(int succeeded) {
  tell(&LinuxRun::batch_allocated, succeeded != 0);
}
SERVE(host_frame_allocated)(unsigned long pfn, unsigned count) {
  tell(&LinuxRun::frame_allocated, pfn, count);
}
SERVE(host_frame_freed)(unsigned long pfn) {
  tell(&LinuxRun::frame_freed, pfn);
}
SERVE(host_object_freed)(const void* object, unsigned long size) {
  tell(&LinuxRun::object_freed, object, size);
}
SERVE(host_freed_twice)(unsigned long pfn, const void* ip) {
  tell(&LinuxRun::freed_twice, pfn, ip);
}
SERVE(host_lock_taken)(const void* lock, linux_lock kind, int owner, int shared, int tries) {
  tell(&LinuxRun::locked, lock, shared);
  if (kind != linux_other_lock) tell(&LinuxRun::lock_taken, lock_fact(kind, owner), shared, tries);
}
SERVE(host_lock_dropped)(const void* lock, linux_lock kind, int owner) {
  tell(&LinuxRun::unlocked, lock);
  if (kind != linux_other_lock) tell(&LinuxRun::lock_dropped, lock_fact(kind, owner));
}
SERVE(host_sleep_in_atomic)() {
  tell(&LinuxRun::sleep_in_atomic);
}
SERVE(host_interrupt_sent)(unsigned long cpus) {
  tell(&LinuxRun::interrupt_sent, cpus);
}
SERVE(host_interrupt_taken)(int sender) {
  tell(&LinuxRun::interrupt_taken, sender);
}
SERVE(host_gather_begins)(int mm) {
  tell(&LinuxRun::gather_begins, mm);
}
SERVE(host_gather_ends)(int mm) {
  tell(&LinuxRun::gather_ends, mm);
}
SERVE(host_unmap_begins)(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::unmap_begins, mm, start, end);
}
SERVE(host_unmap_ends)(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::unmap_ends, mm, start, end);
}
SERVE(host_protect_begins)(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::protect_begins, mm, start, end);
}
SERVE(host_protect_ends)(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::protect_ends, mm, start, end);
}
SERVE(host_mapped)(int mm, unsigned long start, unsigned long end, const linux_shown* shown) {
  tell(&LinuxRun::mapped, mm, start, end, shown);
}
SERVE(host_fork_begins)(int mm, int child) {
  tell(&LinuxRun::fork_begins, mm, child);
}
SERVE(host_fork_ends)(int mm, int child) {
  tell(&LinuxRun::fork_ends, mm, child);
}

SERVE(host_copy_page)(unsigned long from, unsigned long to) {
  tell(&LinuxRun::copy_page, from, to);
}
SERVE(host_move_page)(unsigned long from, unsigned long to) {
  tell(&LinuxRun::move_page, from, to);
}
SERVE(host_device_frame_freed)(unsigned long pfn) {
  tell(&LinuxRun::device_frame_freed, pfn);
}
SERVE(host_zap_begins)(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::zap_begins, mm, start, end);
}
SERVE(host_zap_ends)(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::zap_ends, mm, start, end);
}
SERVE(host_page_queued)(unsigned long pfn, unsigned count, unsigned long pointer, unsigned queued, unsigned room,
                        unsigned batches) {
  tell(&LinuxRun::page_queued, pfn, count, pointer, queued, room, batches);
}
SERVE(host_page_looked_up)(int file, unsigned long index, long pfn) {
  tell(&LinuxRun::page_looked_up, file, index, pfn);
}
SERVE(host_slot_store_begins)(int file, unsigned long index, unsigned long entry, const void* ip) {
  tell(&LinuxRun::slot_store_begins, file, index, entry, ip);
}
SERVE(host_slot_store_ends)() {
  tell(&LinuxRun::slot_store_ends);
}
SERVE(host_page_tagged)(int file, unsigned long index, int tag) {
  tell(&LinuxRun::page_tagged, file, index, tag);
}
SERVE(host_discard_begins)(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::discard_begins, file, first, count);
}
SERVE(host_discard_ends)(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::discard_ends, file, first, count);
}
SERVE(host_read_words)(unsigned long pfn) {
  tell(&LinuxRun::read_words, pfn);
}
SERVE(host_write_words)(unsigned long pfn) {
  tell(&LinuxRun::write_words, pfn);
}
SERVE(host_dma_word)(unsigned long pfn) {
  tell(&LinuxRun::dma_word, pfn);
}
SERVE(host_fsync_begins)(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::fsync_begins, file, first, count);
}
SERVE(host_fsync_returns)(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::fsync_returns, file, first, count);
}
SERVE(host_read_page)(int file, unsigned long index, unsigned long pfn) {
  tell(&LinuxRun::read_page, file, index, pfn);
}
SERVE(host_write_page)(int file, unsigned long index, unsigned long pfn) {
  tell(&LinuxRun::write_page, file, index, pfn);
}
SERVE(host_write_swap)(int slot, unsigned long pfn) {
  tell(&LinuxRun::write_swap, slot, pfn);
}
SERVE(host_read_swap)(int slot, unsigned long pfn) {
  tell(&LinuxRun::read_swap, slot, pfn);
}
SERVE(host_error_printed)(const char* format) {
  tell(&LinuxRun::error_printed, format);
}
SERVE(host_die)(const char* what) {
  std::fprintf(stderr, "shootdown: the kernel's code cannot go on: %s\n", what);
  std::abort();
}

}  // extern "C"
