// A gather keeps its limits, and releases each page once, after its flush.
//
// Proves: no batch holds more than its maximum, and there are no more batches
// than the limit; a page is released by a gather exactly as often as it was
// queued by it, and only after a flush that followed its queueing; when the
// gather is finished nothing is left in it; at the end of the run all batches
// have been given back.
//
// A flush counts when the gather says that it is complete; whether it reached
// every CPU is the stale-access oracle's affair.
#pragma once

#include "engine/zap/mmu_gather.h"
#include "oracles/oracle.h"

namespace shootdown {

class Batch final : public Oracle {
 public:
  using Oracle::Oracle;

  void begin(const Kernel& kernel) override {
    Oracle::begin(kernel);
    for (State& state : states_) forget(state);
  }

  void gather_began(const MmuGather& gather) override { forget(states_[gather.task().cpu]); }

  void gather_queued(const MmuGather& gather, const EncodedPage& entry) override {
    State& state = states_[gather.task().cpu];
    const MachineConfig& config = kernel().config;
    const MmuGatherBatch& active = gather.active();
    if (active.nr > active.max)
      violate(gather.task().cpu, "a batch holds {} pages, its maximum is {}", active.nr, active.max);
    if (gather.batch_count() > MmuGather::max_batch_count(config)) {
      violate(gather.task().cpu, "a gather has {} batches, the limit is {}", gather.batch_count(),
              MmuGather::max_batch_count(config));
    }
    if (state.queued == limit) {
      violate(gather.task().cpu, "a gather queues more pages than an address space has");
      return;
    }
    state.frames[state.queued++] = kernel().pfn(entry.page());
  }

  void gather_flushed(const MmuGather& gather) override {
    State& state = states_[gather.task().cpu];
    for (; state.flushed < state.queued; ++state.flushed) ++state.releasable[state.frames[state.flushed]];
  }

  void gather_releasing(const MmuGather& gather, const std::uintptr_t* entries, unsigned count) override {
    State& state = states_[gather.task().cpu];
    const int cpu = gather.task().cpu;
    if (count > kernel().config.free_cap)
      violate(cpu, "{} pages are released in one go, the limit is {}", count, kernel().config.free_cap);
    for (unsigned i = 0; i < count; ++i) {
      const FrameNumber frame = kernel().pfn(EncodedPage(entries[i]).page());
      if (state.releasable[frame] == 0) {
        violate(cpu, "page frame {} is released without having been queued and flushed", frame);
        continue;
      }
      --state.releasable[frame];
      ++state.released;
    }
  }

  void gather_finished(const MmuGather& gather) override {
    State& state = states_[gather.task().cpu];
    if (state.released != state.queued) {
      violate(gather.task().cpu, "a gather ends with {} pages queued and {} released", state.queued, state.released);
    }
    forget(state);
  }

  void end(const Kernel& kernel, Scheduler::Outcome outcome) override {
    if (outcome == Scheduler::Outcome::completed && kernel.batches_in_use() != 0) {
      violate(-1, "{} pages of batches were not given back", kernel.batches_in_use());
    }
  }

 private:
  // A gather may release what it has queued and queue again, at most once an entry.
  static constexpr unsigned limit = max_virtual_pages;

  struct State {
    unsigned queued = 0;   // in all
    unsigned flushed = 0;  // how many of them
    unsigned released = 0;
    FrameNumber frames[limit];                  // in the order of queueing
    std::uint16_t releasable[max_frames] = {};  // how often a frame was queued, flushed, and not yet released
  };

  static void forget(State& state) {
    for (unsigned i = 0; i < state.flushed; ++i) state.releasable[state.frames[i]] = 0;
    state.queued = 0;
    state.flushed = 0;
    state.released = 0;
  }

  State states_[max_cpus];
};

}  // namespace shootdown
