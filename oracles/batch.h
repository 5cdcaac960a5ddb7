// A gather keeps its limits, and releases each page once, after its flush.
//
// Proves: no batch holds more than its maximum, and there are no more batches
// than the limit; a page is released by a gather exactly as often as it was
// queued by it, and only after a flush that followed its queueing; when the
// gather is finished nothing is left in it; at the end of the run all batches
// have been given back.
//
// A flush counts when the gather says that it is complete; whether it reached
// every CPU is the stale-access oracle's affair, and whether a pointer leads to a
// page the encoded-pointer oracle's.
#pragma once

#include <algorithm>
#include <cstdint>

#include "oracles/oracle.h"

namespace shootdown {

class Batch final : public Oracle<event::BeginGather, event::QueuePage, event::FlushGather, event::ReleasePages,
                                  event::ReleasePage, event::EndGather, event::RunEnds> {
 public:
  Batch(OracleId id, Trial& trial) : Oracle(id, trial) {
    for (State& state : states_) {
      state.queue = row<Pages>(machine().virtual_pages());
      state.releasable = row<std::uint16_t>(no_frame() + 1);
    }
  }

  void on(int cpu, const event::BeginGather& /*event*/) { forget(states_[cpu]); }

  void on(int cpu, const event::QueuePage& event) {
    State& state = states_[cpu];
    if (event.queued > event.room)
      violate(cpu, "a batch holds {} entries, its maximum is {}", event.queued, event.room);
    if (event.batches > event.batch_max)
      violate(cpu, "a gather has {} batches, the limit is {}", event.batches, event.batch_max);
    if (state.queued + event.page.pages > static_cast<unsigned>(state.queue.size())) {
      violate(cpu, "a gather queues more pages than an address space has");
      return;
    }
    state.queue[state.entries++] = {.first = frame_of(event.pointer),
                                    .count = static_cast<std::uint16_t>(event.page.pages)};
    state.queued += event.page.pages;
  }

  void on(int cpu, const event::FlushGather& /*event*/) {
    State& state = states_[cpu];
    for (; state.flushed < state.entries; ++state.flushed) {
      each_frame(state.queue[state.flushed], [&](FrameIndex frame) { ++state.releasable[frame]; });
    }
  }

  void on(int cpu, const event::ReleasePages& event) {
    if (event.count > event.limit)
      violate(cpu, "{} entries are released in one go, the limit is {}", event.count, event.limit);
  }

  void on(int cpu, const event::ReleasePage& event) {
    State& state = states_[cpu];
    each_frame({.first = frame_of(event.pointer), .count = static_cast<std::uint16_t>(event.pages)},
               [&](FrameIndex frame) {
                 if (state.releasable[frame] == 0) {
                   violate(cpu, "page frame {} is released without having been queued and flushed", frame);
                   return;
                 }
                 --state.releasable[frame];
                 ++state.released;
               });
  }

  void on(int cpu, const event::EndGather& /*event*/) {
    State& state = states_[cpu];
    if (state.released != state.queued)
      violate(cpu, "a gather ends with {} pages queued and {} released", state.queued, state.released);
    forget(state);
  }

  void on(int /*cpu*/, const event::RunEnds& event) {
    if (event.outcome == Outcome::completed && world().batches_in_use() != 0)
      violate(-1, "{} pages of batches were not given back", world().batches_in_use());
  }

 private:
  using FrameIndex = std::uint16_t;

  // In a row.
  struct Pages {
    FrameIndex first;
    std::uint16_t count;
  };

  struct State {
    unsigned queued = 0;    // pages in all
    unsigned released = 0;  // pages
    unsigned entries = 0;
    unsigned flushed = 0;  // how many of them
    // In the order of queueing. A gather may release what it has queued and queue again, at most once an entry.
    Row<Pages> queue;
    Row<std::uint16_t> releasable;  // how often a frame was queued, flushed, and not yet released
  };

  // What leads beyond the array of pages counts as one frame more.
  int no_frame() const { return number(world().page_array_length()); }
  FrameIndex frame_of(PointerFact pointer) const {
    return static_cast<FrameIndex>(std::min<Fact>(pointer.offset / world().page_stride(), as_fact(no_frame())));
  }

  // What leads beyond the array does so for the whole row.
  template <typename Visit>
  void each_frame(const Pages& pages, const Visit& visit) const {
    for (Fact i = 0; i < pages.count; ++i)
      visit(static_cast<FrameIndex>(std::min(pages.first + i, as_fact(no_frame()))));
  }

  void forget(State& state) const {
    for (unsigned i = 0; i < state.flushed; ++i)
      each_frame(state.queue[i], [&](FrameIndex frame) { state.releasable[frame] = 0; });
    state.entries = 0;
    state.queued = 0;
    state.flushed = 0;
    state.released = 0;
  }

  Row<State> states_ = one_per_cpu<State>();
};

}  // namespace shootdown
