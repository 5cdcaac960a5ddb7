// What the code on each CPU knows: a digest of all that it has found out in the operation that it is in.
//
// Where a CPU is in its operation, and what it will do with what it finds next, follows from what it has found so far: from the
// events that it has announced. With the world this says how a run can go on, and says it whatever a compiler keeps on the
// stacks. When an operation begins, nothing is known of those before it.
//
// An event tells what the code may go on with; of a page the frame, for whose page it is belongs to the world. What an event has found and
// its CPU does not look at is left out here. Too much said makes two states of one, too little would make one of two: the check
// `merges` (fuzz/checks/merges.cpp) follows states that were taken for one.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "engine/events/event.h"
#include "engine/events/observer.h"

namespace shootdown {

class Histories final : public Observer {
 public:
  // A part of the run's memory (Simulation::visit_state).
  std::uint64_t of(int cpu) const { return cpus_[cpu]; }

  EventSet watches() const override { return EventSet::all(); }
  // In the run's memory: it goes back with it.
  void begin(Arena& arena, const World& /*world*/) override { cpus_ = arena.row<std::uint64_t>(max_cpus); }
  void happened(const EventView& event, const World& /*world*/) override {
    visit_event(event, [&]<typename E>(const E& what) { note(event.cpu, what); });
  }

 private:
  // What the hardware does unasked no code knows.
  template <typename E>
  static constexpr bool is_known =
      E::is_step && !std::is_same_v<E, event::EvictTranslation> && !std::is_same_v<E, event::FillTranslation>;

  template <typename E>
  void note(Fact cpu, E event) {
    if constexpr (std::is_same_v<E, event::OperationBegins>) {
      cpus_[cpu] = event.operation;
    } else if constexpr (is_known<E>) {
      std::uint64_t& digest = cpus_[cpu];
      leave_out(event);
      std::array<Fact, fact_count<E> + 1> facts{};
      facts[0] = kind_of<E>;
      if constexpr (fact_count<E> != 0) std::memcpy(facts.data() + 1, &event, sizeof event);
      for (const Fact fact : facts) {
        digest = (digest ^ fact) * 0x9E3779B97F4A7C15U;
        digest ^= digest >> 29U;
      }
    }
  }

  template <typename E, typename... Events>
  static constexpr bool is_one_of = (std::is_same_v<E, Events> || ...);

  static constexpr Fact of_reclaim = PG_dirty | PG_writeback | PG_swapbacked;

  // What it has found and its CPU does not look at.
  template <typename E>
  static void leave_out(E& event) {
    using namespace event;
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

  Row<std::uint64_t> cpus_;
};

}  // namespace shootdown
