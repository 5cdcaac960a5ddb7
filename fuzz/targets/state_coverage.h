// Coverage of states, for a fuzzer to climb on.
//
// Code coverage hardly tells one interleaving from another. This counts in what
// state pages are when something happens to them: whether a store goes through a
// TLB entry whose page-table entry is gone, on a page that is clean, under
// writeback, unmapped; how a page is when it is dirtied or queued; and between
// which actions the CPUs switch (Scheduler::count_switches). A fuzzer that keeps
// inputs with new counts gets to a race in steps instead of by luck.
//
// The counters are the caller's: an array that the fuzzer looks at and clears.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/events/observer.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

class StateCoverage final : public Observer {
 public:
  // Room for all domains, in whole words: so libFuzzer clears them.
  static constexpr std::size_t state_counters = 512;
  static constexpr std::size_t counters = state_counters + Scheduler::switch_counters;

  // `counts` has `counters` elements.
  explicit StateCoverage(std::uint8_t* counts) : counts_(counts) {}

  EventSet watches() const override { return EventSet::of(Watched{}); }

  void happened(const EventView& any, const World& world) override { dispatch(Watched{}, any, world); }

 private:
  using Watched =
      EventList<event::UserAccess, event::SetDirty, event::QueuePage, event::RemoveFromPageCache, event::RefuseAccess>;

  // Calls on() with the event as what it is.
  template <typename... Events>
  void dispatch(EventList<Events...> /*list*/, const EventView& any, const World& world) {
    static_cast<void>(((any.is<Events>() && (on(any.as<Events>(), world), true)) || ...));
  }

  // The counters of one kind of event, one for each state. The domains follow each other without gaps.
  struct Domain {
    unsigned base;
    unsigned size;
  };
  static constexpr unsigned page_states = 32;
  static constexpr Domain accesses{0, page_states * 8};
  static constexpr Domain dirtyings{accesses.base + accesses.size, page_states * 2};
  static constexpr Domain queuings{dirtyings.base + dirtyings.size, page_states * 2};
  static constexpr Domain uncachings{queuings.base + queuings.size, page_states};
  static constexpr Domain refusals{uncachings.base + uncachings.size, 1};
  static_assert(refusals.base + refusals.size <= state_counters);

  static unsigned bit(bool value) { return value ? 1 : 0; }

  // Less than page_states.
  static unsigned page_state(Fact flags, std::int32_t mapcount) {
    return bit((flags & PG_dirty) != 0) | bit((flags & PG_writeback) != 0) << 1U | bit((flags & PG_locked) != 0) << 2U |
           bit((flags & PG_buffers) != 0) << 3U | bit(mapcount > 0) << 4U;
  }
  static unsigned page_state(Fact frame, const World& world) {
    const FrameFacts page = world.frame_facts(frame);
    return page_state(page.flags, page.mapcount);
  }

  void on(const event::UserAccess& access, const World& world) {
    if (access.access == Access::fault) return;
    const bool live = access.entry.present() && access.entry.frame() == access.frame;
    count(accesses, page_state(access.frame, world) << 3U | bit(access.store != 0) << 2U |
                        bit(access.access == Access::hit) << 1U | bit(live));
  }
  // The page as it was: that it is dirty now says nothing.
  void on(const event::SetDirty& set, const World& /*world*/) {
    count(dirtyings, page_state(set.was, set.mapcount) << 1U | bit(set.table_locked != 0));
  }
  void on(const event::QueuePage& queue, const World& world) {
    count(queuings, page_state(queue.page.frame, world) << 1U | bit(queue.flags != 0));
  }
  void on(const event::RemoveFromPageCache& remove, const World& world) {
    count(uncachings, page_state(remove.page.frame, world));
  }
  void on(const event::RefuseAccess& /*refusal*/, const World& /*world*/) { count(refusals, 0); }

  // `state` is less than the domain's size.
  void count(Domain domain, unsigned state) {
    std::uint8_t& counter = counts_[domain.base + state];
    if (counter != 255) ++counter;
  }

  std::uint8_t* counts_;
};

}  // namespace shootdown
