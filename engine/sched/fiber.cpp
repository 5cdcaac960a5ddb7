#include "engine/sched/fiber.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstring>

#include "engine/check.h"

#ifdef SHOOTDOWN_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SHOOTDOWN_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace shootdown {

namespace {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

// Kernel code on a fiber is shallow; the sanitizers' frames are what needs the room.
constexpr std::size_t stack_bytes = std::size_t{256} * 1024;

// Reserves a stack with an inaccessible page below it, so that an overflow faults instead of
// overwriting a neighbour. Pages are only backed once they are touched.
char* map_stack(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* base = mmap(nullptr, size + page, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  SHOOTDOWN_CHECK(base != MAP_FAILED);
  SHOOTDOWN_CHECK(::mprotect(base, page, PROT_NONE) == 0);
  return static_cast<char*>(base) + page;
}

void unmap_stack(char* stack, std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  munmap(stack - page, size + page);
}

}  // namespace

Fiber::Fiber() {
#if defined(SHOOTDOWN_ASAN) || defined(SHOOTDOWN_MSAN)
  pthread_attr_t attributes;
  void* lowest = nullptr;
  SHOOTDOWN_CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0);
  SHOOTDOWN_CHECK(pthread_attr_getstack(&attributes, &lowest, &stack_size_) == 0);
  pthread_attr_destroy(&attributes);
  stack_ = static_cast<char*>(lowest);
#endif
#ifdef SHOOTDOWN_TSAN
  tsan_fiber_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(void (*entry)(void*), void* argument)
    : stack_(map_stack(stack_bytes)), stack_size_(stack_bytes), entry_(entry), argument_(argument) {
  restart();
}

Fiber::~Fiber() {
  if (entry_ == nullptr) return;
#ifdef SHOOTDOWN_TSAN
  if (tsan_fiber_ != nullptr) __tsan_destroy_fiber(tsan_fiber_);
#endif
  permit(stack_, stack_size_);
  unmap_stack(stack_, stack_size_);
}

void Fiber::restart() {
  // Frames that were abandoned have left their red zones behind.
  permit(stack_, stack_size_);
#ifdef SHOOTDOWN_ASAN
  fake_stack_ = nullptr;
#endif
#ifdef SHOOTDOWN_TSAN
  if (tsan_fiber_ != nullptr) __tsan_destroy_fiber(tsan_fiber_);
  tsan_fiber_ = __tsan_create_fiber(0);
#endif
  context_ = make_fcontext(stack_ + stack_size_, stack_size_, [](transfer_t from) {
    declare_written(&from, sizeof from);  // in registers
    enter(from.fctx, from.data);
  });
}

// The first thing on a new stack: notes where we came from, then runs.
SHOOTDOWN_HARNESS void Fiber::enter(void* previous_context, void* pair) {
  Fiber* const previous = static_cast<Fiber**>(pair)[0];
  Fiber* const self = static_cast<Fiber**>(pair)[1];
  previous->context_ = previous_context;
#ifdef SHOOTDOWN_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
#ifdef SHOOTDOWN_MSAN
  __msan_finish_switch_fiber(nullptr, nullptr);
#endif
  self->entry_(self->argument_);
  SHOOTDOWN_CHECK(false);  // a fiber must not return: there is nowhere to go
}

SHOOTDOWN_HARNESS void Fiber::switch_to(Fiber& to) {
  Fiber* pair[2] = {this, &to};
#ifdef SHOOTDOWN_ASAN
  __sanitizer_start_switch_fiber(&fake_stack_, to.stack_, to.stack_size_);
#endif
#ifdef SHOOTDOWN_MSAN
  __msan_start_switch_fiber(to.stack_, to.stack_size_);
#endif
#ifdef SHOOTDOWN_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber_, __tsan_switch_to_fiber_no_sync);
#endif
  transfer_t from = jump_fcontext(to.context_, static_cast<void*>(pair));
  declare_written(&from, sizeof from);  // in registers
  static_cast<Fiber**>(from.data)[0]->context_ = from.fctx;
#ifdef SHOOTDOWN_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
#ifdef SHOOTDOWN_MSAN
  __msan_finish_switch_fiber(nullptr, nullptr);
#endif
}

std::span<const std::byte> Fiber::live() const {
  const auto* const begin = static_cast<const std::byte*>(context_);
  return {begin, reinterpret_cast<const std::byte*>(stack_ + stack_size_)};
}

void Fiber::restore(std::span<const std::byte> live) {
  SHOOTDOWN_CHECK(can_be_restored && live.size() <= stack_size_);
  context_ = stack_ + stack_size_ - live.size();
  std::memcpy(context_, live.data(), live.size());
}

SHOOTDOWN_HARNESS void Fiber::synchronise([[maybe_unused]] Fiber& other) {
#ifdef SHOOTDOWN_TSAN
  // Switching TSan's idea of the thread without switching stacks, both ways, with an edge each way.
  __tsan_switch_to_fiber(other.tsan_fiber_, 0);
  __tsan_switch_to_fiber(tsan_fiber_, 0);
#endif
}

}  // namespace shootdown
