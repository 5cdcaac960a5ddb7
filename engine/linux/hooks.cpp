// What the kernel's objects call: KCSAN's hooks, which come before every access to memory, and the shim's host_*.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/linux/linux_run.h"
#include "engine/linux/shim/interface.h"

using shootdown::as_fact;
using shootdown::Fact;
using shootdown::LinuxRun;
using shootdown::LockClass;
using shootdown::LockFact;

// The kernel keeps its stack aligned to 8 bytes only.
#define FROM_KERNEL __attribute__((force_align_arg_pointer, noinline))

namespace {

// To the run that is under way. While Linux boots, and a run is made ready, there is none, and nobody is told.
template <typename... Parameters, typename... Arguments>
void tell(void (LinuxRun::*what)(Parameters...), Arguments... arguments) {
  if (LinuxRun* const run = LinuxRun::current()) (run->*what)(static_cast<Parameters>(arguments)...);
}

void hook(const volatile void* address, std::size_t size, bool writes, const void* code) {
  tell(&LinuxRun::access_memory, address, size, writes, code);
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
#define HOOK(name, size, writes)                              \
  FROM_KERNEL void name(void* address) {                      \
    hook(address, size, writes, __builtin_return_address(0)); \
  }
#define HOOKS(size)                                   \
  HOOK(__tsan_read##size, size, false)                \
  HOOK(__tsan_write##size, size, true)                \
  HOOK(__tsan_read_write##size, size, true)           \
  HOOK(__tsan_unaligned_read##size, size, false)      \
  HOOK(__tsan_unaligned_write##size, size, true)      \
  HOOK(__tsan_unaligned_read_write##size, size, true) \
  HOOK(__tsan_volatile_read##size, size, false)       \
  HOOK(__tsan_volatile_write##size, size, true)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

FROM_KERNEL void __tsan_read_range(void* address, std::size_t size) {
  hook(address, size, false, __builtin_return_address(0));
}
FROM_KERNEL void __tsan_write_range(void* address, std::size_t size) {
  hook(address, size, true, __builtin_return_address(0));
}
void __tsan_init() {}
FROM_KERNEL void* __tsan_memcpy(void* to, const void* from, std::size_t size) {
  hook(from, size, false, __builtin_return_address(0));
  hook(to, size, true, __builtin_return_address(0));
  return std::memcpy(to, from, size);
}
FROM_KERNEL void* __tsan_memmove(void* to, const void* from, std::size_t size) {
  hook(from, size, false, __builtin_return_address(0));
  hook(to, size, true, __builtin_return_address(0));
  return std::memmove(to, from, size);
}
FROM_KERNEL void* __tsan_memset(void* to, int value, std::size_t size) {
  hook(to, size, true, __builtin_return_address(0));
  return std::memset(to, value, size);
}
FROM_KERNEL void __kcsan_check_access(const volatile void* address, std::size_t size, int type) {
  constexpr int write = 1;
  constexpr int assertion = 8;
  if ((type & assertion) != 0) return;
  if ((type & write) != 0) {
    hook(address, size, true, __builtin_return_address(0));
  } else {
    tell(&LinuxRun::read_is_announced, address, size, __builtin_return_address(0));
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
FROM_KERNEL int host_cpu() {
  LinuxRun* const run = LinuxRun::current();
  return run == nullptr ? 0 : run->sched.current();
}
FROM_KERNEL void host_step(const volatile void* address, unsigned long size, int writes, const void* ip) {
  tell(&LinuxRun::step, address, size, writes != 0, ip);
}
FROM_KERNEL void host_code(const void* ip) {
  tell(&LinuxRun::comes_of, ip);
}
FROM_KERNEL void host_step_when(const void* object, int (*enabled)(const void*), const void* argument, const void* ip) {
  tell(&LinuxRun::step_when, object, enabled, argument, ip);
}
FROM_KERNEL void host_begin_one_step(int cpu) {
  tell(&LinuxRun::begin_one_step, cpu);
}
FROM_KERNEL void host_end_one_step() {
  tell(&LinuxRun::end_one_step);
}
FROM_KERNEL void host_wait_until(const void* object, int (*enabled)(const void*), const void* argument) {
  tell(&LinuxRun::wait_until, object, enabled, argument);
}
FROM_KERNEL void host_wake() {
  tell(&LinuxRun::wake);
}
FROM_KERNEL void host_sleep() {
  tell(&LinuxRun::sleep);
}
FROM_KERNEL void host_send_interrupt(int cpu) {
  tell(&LinuxRun::send_interrupt, cpu);
}
FROM_KERNEL void host_flush_tlb_page(unsigned long address) {
  tell(&LinuxRun::flush_tlb_page, address);
}
FROM_KERNEL void host_flush_tlb() {
  tell(&LinuxRun::flush_tlb);
}
FROM_KERNEL int host_allocation_fails() {
  LinuxRun* const run = LinuxRun::current();
  return run != nullptr && run->allocation_fails() ? 1 : 0;
}
FROM_KERNEL void host_batch_allocated(int succeeded) {
  tell(&LinuxRun::batch_allocated, succeeded != 0);
}
FROM_KERNEL void host_frame_allocated(unsigned long pfn, unsigned count) {
  tell(&LinuxRun::frame_allocated, pfn, count);
}
FROM_KERNEL void host_frame_freed(unsigned long pfn) {
  tell(&LinuxRun::frame_freed, pfn);
}
FROM_KERNEL void host_object_freed(const void* object, unsigned long size) {
  tell(&LinuxRun::object_freed, object, size);
}
FROM_KERNEL void host_freed_twice(unsigned long pfn, const void* ip) {
  tell(&LinuxRun::freed_twice, pfn, ip);
}
FROM_KERNEL void host_lock_taken(const void* lock, linux_lock kind, int owner, int shared, int tries) {
  tell(&LinuxRun::locked, lock, shared);
  if (kind != linux_other_lock) tell(&LinuxRun::lock_taken, lock_fact(kind, owner), shared, tries);
}
FROM_KERNEL void host_lock_dropped(const void* lock, linux_lock kind, int owner) {
  tell(&LinuxRun::unlocked, lock);
  if (kind != linux_other_lock) tell(&LinuxRun::lock_dropped, lock_fact(kind, owner));
}
FROM_KERNEL void host_sleep_in_atomic() {
  tell(&LinuxRun::sleep_in_atomic);
}
FROM_KERNEL void host_interrupt_sent(unsigned long cpus) {
  tell(&LinuxRun::interrupt_sent, cpus);
}
FROM_KERNEL void host_interrupt_taken(int sender) {
  tell(&LinuxRun::interrupt_taken, sender);
}
FROM_KERNEL void host_gather_begins(int mm) {
  tell(&LinuxRun::gather_begins, mm);
}
FROM_KERNEL void host_gather_ends(int mm) {
  tell(&LinuxRun::gather_ends, mm);
}
FROM_KERNEL void host_unmap_begins(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::unmap_begins, mm, start, end);
}
FROM_KERNEL void host_unmap_ends(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::unmap_ends, mm, start, end);
}
FROM_KERNEL void host_protect_begins(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::protect_begins, mm, start, end);
}
FROM_KERNEL void host_protect_ends(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::protect_ends, mm, start, end);
}
FROM_KERNEL void host_mapped(int mm, unsigned long start, unsigned long end, linux_mapping mapping, int file,
                             unsigned long index, int read_only, unsigned long from) {
  tell(&LinuxRun::mapped, mm, start, end, LinuxRun::Shown{mapping, file, index, read_only != 0, from});
}
FROM_KERNEL void host_fork_begins(int mm, int child) {
  if (LinuxRun* const run = LinuxRun::current()) run->fork_begins(mm, child);
}

FROM_KERNEL void host_fork_ends(int mm, int child) {
  if (LinuxRun* const run = LinuxRun::current()) run->fork_ends(mm, child);
}

FROM_KERNEL void host_copy_page(unsigned long from, unsigned long to) {
  tell(&LinuxRun::copy_page, from, to);
}
FROM_KERNEL void host_move_page(unsigned long from, unsigned long to) {
  tell(&LinuxRun::move_page, from, to);
}
FROM_KERNEL void host_device_frame_freed(unsigned long pfn) {
  tell(&LinuxRun::device_frame_freed, pfn);
}
FROM_KERNEL void host_zap_begins(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::zap_begins, mm, start, end);
}
FROM_KERNEL void host_zap_ends(int mm, unsigned long start, unsigned long end) {
  tell(&LinuxRun::zap_ends, mm, start, end);
}
FROM_KERNEL void host_page_queued(unsigned long pfn, unsigned count, unsigned long pointer, unsigned queued,
                                  unsigned room, unsigned batches) {
  tell(&LinuxRun::page_queued, pfn, count, pointer, queued, room, batches);
}
FROM_KERNEL void host_page_looked_up(int file, unsigned long index, long pfn) {
  tell(&LinuxRun::page_looked_up, file, index, pfn);
}
FROM_KERNEL void host_slot_store_begins(int file, unsigned long index, unsigned long entry, const void* ip) {
  tell(&LinuxRun::slot_store_begins, file, index, entry, ip);
}
FROM_KERNEL void host_slot_store_ends() {
  tell(&LinuxRun::slot_store_ends);
}
FROM_KERNEL void host_page_tagged(int file, unsigned long index, int tag) {
  tell(&LinuxRun::page_tagged, file, index, tag);
}
FROM_KERNEL void host_discard_begins(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::discard_begins, file, first, count);
}
FROM_KERNEL void host_discard_ends(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::discard_ends, file, first, count);
}
FROM_KERNEL void host_read_words(unsigned long pfn) {
  tell(&LinuxRun::read_words, pfn);
}
FROM_KERNEL void host_write_words(unsigned long pfn) {
  tell(&LinuxRun::write_words, pfn);
}
FROM_KERNEL void host_dma_word(unsigned long pfn) {
  tell(&LinuxRun::dma_word, pfn);
}
FROM_KERNEL void host_fsync_begins(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::fsync_begins, file, first, count);
}
FROM_KERNEL void host_fsync_returns(int file, unsigned long first, unsigned long count) {
  tell(&LinuxRun::fsync_returns, file, first, count);
}
FROM_KERNEL void host_read_page(int file, unsigned long index, unsigned long pfn) {
  tell(&LinuxRun::read_page, file, index, pfn);
}
FROM_KERNEL void host_write_page(int file, unsigned long index, unsigned long pfn) {
  tell(&LinuxRun::write_page, file, index, pfn);
}
FROM_KERNEL void host_write_swap(int slot, unsigned long pfn) {
  tell(&LinuxRun::write_swap, slot, pfn);
}
FROM_KERNEL void host_read_swap(int slot, unsigned long pfn) {
  tell(&LinuxRun::read_swap, slot, pfn);
}
FROM_KERNEL void host_error_printed(const char* format) {
  tell(&LinuxRun::error_printed, format);
}
FROM_KERNEL void host_die(const char* what) {
  std::fprintf(stderr, "shootdown: the kernel's code cannot go on: %s\n", what);
  std::abort();
}

}  // extern "C"
