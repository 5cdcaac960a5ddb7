// What the code on each CPU knows: a digest of all that it has found out in the operation that it is in.
//
// Where a CPU is in its operation, and what it will do with what it finds next, follows from what it has found so far: from the
// events that it has announced. With the world this says how a run can go on, and says it whatever a compiler keeps on the
// stacks. When an operation begins, nothing is known of those before it; and so it is when some
// events happen, after which no code looks at what was found before (is_left).
//
// An event tells what the code may go on with; of a page the frame, for whose page it is belongs to the world. What an event has found and
// its CPU does not look at is left out here. Too much said makes two states of one, too little would make one of two: the check
// `merges` (fuzz/checks/merges.cpp) follows states that were taken for one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>
#include <utility>

#include "engine/events/event.h"
#include "engine/events/observer.h"

namespace shootdown {

class Histories final : public Observer {
 public:
  // Whether a CPU is in the handler of an interrupt.
  using Handles = std::function<bool(int cpu)>;
  // `forgets`: else nothing is left out, and many more states are taken for two.
  explicit Histories(Handles handles, bool forgets = true) : handles_(std::move(handles)), forgets_(forgets) {}

  // They are a part of the run's memory (Simulation::visit_state). In the handler of an interrupt a CPU knows what it has
  // found out there; the operation that was interrupted does not.
  std::uint64_t of(int cpu) const { return cpus_[cpu].operation; }
  std::uint64_t of_handler(int cpu) const { return cpus_[cpu].handler; }
  // Of a run that is over nobody knows anything any more.
  void clear() { std::ranges::fill(cpus_, Cpu{}); }

  EventSet watches() const override { return EventSet::all(); }
  void begin(Arena& arena, const World& /*world*/) override { cpus_ = arena.row<Cpu>(max_cpus); }
  void happened(const EventView& event, const World& /*world*/) override {
    Cpu& cpu = cpus_[event.cpu];
    visit_event(event, [&]<typename E>(const E& what) {
      if (forgets_ && handles_(event.cpu)) {
        note_in_handler(cpu, what);
      } else {
        note(cpu, what);
      }
    });
  }

 private:
  struct Cpu {
    std::uint64_t operation = 0;
    std::uint64_t handler = 0;
    // What was known when each of these began, whose end it is gone back to.
    std::uint64_t at_begin = 0;   // the operation
    std::uint64_t at_sync = 0;    // the last fsync in it, or the operation
    std::uint64_t at_gather = 0;  // the gather that is under way
  };

  // What the hardware does unasked no code knows.
  template <typename E>
  static constexpr bool is_known =
      E::is_step && !std::is_same_v<E, event::EvictTranslation> && !std::is_same_v<E, event::FillTranslation>;

  template <typename E>
  void note(Cpu& cpu, const E& event) const {
    using namespace event;
    if constexpr (std::is_same_v<E, OperationBegins>) {
      cpu = {.operation = event.operation, .at_begin = event.operation, .at_sync = event.operation};
    } else if constexpr (std::is_same_v<E, FsyncReturns>) {
      if (forgets_) cpu.operation = cpu.at_sync = add(cpu.at_sync, event);
    } else if constexpr (is_known<E>) {
      cpu.handler = 0;
      cpu.operation = add(forgets_ ? is_left(cpu, event) : cpu.operation, event);
      if constexpr (std::is_same_v<E, FsyncBegins>) cpu.at_sync = cpu.operation;
      if constexpr (is_one_of<E, BeginGather, EndGather>)
        cpu.at_gather = std::is_same_v<E, BeginGather> ? cpu.operation : 0;
    }
  }

  template <typename E>
  void note_in_handler(Cpu& cpu, const E& event) const {
    if constexpr (is_known<E>) {
      const bool begins = is_one_of<E, event::TakeInterrupt, event::TakeDiskInterrupt>;
      cpu.handler = add(begins ? 0 : cpu.handler, event);
    }
  }

  // What is left of what an operation knows, when this happens. Whoever accesses memory begins anew when it has
  // faulted; whoever looks for the next page to save, or to wait for, has done with those before; and behind a gather
  // nobody looks at what was found in it.
  template <typename E>
  static std::uint64_t is_left(const Cpu& cpu, const E& /*event*/) {
    using namespace event;
    if constexpr (std::is_same_v<E, UserAccess>) return cpu.at_begin;
    if constexpr (std::is_same_v<E, FindTagged>) return cpu.at_sync;
    if constexpr (std::is_same_v<E, EndGather>) return cpu.at_gather;
    return cpu.operation;
  }

  template <typename E>
  std::uint64_t add(std::uint64_t digest, E event) const {
    if (forgets_) leave_out(event);
    std::array<Fact, fact_count<E> + 1> facts{};
    facts[0] = kind_of<E>;
    if constexpr (fact_count<E> != 0) std::memcpy(facts.data() + 1, &event, sizeof event);
    for (const Fact fact : facts) {
      digest = (digest ^ fact) * 0x9E3779B97F4A7C15U;
      digest ^= digest >> 29U;
    }
    return digest;
  }

  template <typename E, typename... Events>
  static constexpr bool is_one_of = (std::is_same_v<E, Events> || ...);

  static constexpr Fact of_reclaim = PG_dirty | PG_writeback | PG_swapbacked;

  // What it has found and its CPU does not look at.
  template <typename E>
  static void leave_out(E& event) {
    using namespace event;
    // Whom a device has written for, and what, is told once more when it returns.
    if constexpr (std::is_same_v<E, DmaWord>) return;
    if constexpr (requires { event.page.frame; }) event.page = {.frame = event.page.frame, .pages = event.page.pages};
    // Of an access, whether it has faulted; a copy is made in one step.
    if constexpr (std::is_same_v<E, UserAccess>) event = {.mm = event.mm, .page = event.page, .access = event.access};
    if constexpr (requires { event.value; }) event.value = 0;
    if constexpr (requires { event.words; }) event.words = {};
    // Of counts, whether it was the last.
    if constexpr (is_one_of<E, PutPage, GetPage, PutAnonVma, GetAnonVma>) event.refcount = event.refcount > 0 ? 1 : 0;
    if constexpr (is_one_of<E, FreezeRefcount, FreePage>) event.refcount = 0;
    if constexpr (is_one_of<E, SetDirty, AddRmap, FreePage>) event.mapcount = 0;
    if constexpr (std::is_same_v<E, FreePage>) event.entries = 0;
    // Of flags, those that it is after.
    if constexpr (is_one_of<E, SetDirty, ClearDirty>) event.was &= PG_dirty;
    if constexpr (std::is_same_v<E, SetDirty>) event.table_locked = 0;
    if constexpr (std::is_same_v<E, CleanBuffers>) event.was &= PG_buffers_dirty;
    if constexpr (std::is_same_v<E, StripBuffers>) event.was &= PG_buffers | PG_buffers_dirty | PG_writeback;
    if constexpr (std::is_same_v<E, ReadUptodate>) event.flags &= PG_uptodate;
    if constexpr (std::is_same_v<E, ReadDirty>) event.flags &= event.for_writeback != 0 ? PG_dirty : of_reclaim;
    if constexpr (std::is_same_v<E, TakeLock>) event.holders = 0;
    if constexpr (std::is_same_v<E, SetAccessFlags>) event.was = {};
    if constexpr (std::is_same_v<E, DeferFlush>) event.count = 0;
  }

  Handles handles_;
  bool forgets_;
  Row<Cpu> cpus_;
};

}  // namespace shootdown
