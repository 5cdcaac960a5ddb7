// How many steps of each kind the CPUs make in their operations: what a sampler of schedules may want to know of a program.
//
// What threads do when they end is left out.
#pragma once

#include <array>

#include "engine/events/observer.h"
#include "engine/sched/chooser.h"

namespace shootdown {

struct StepCounts {
  using OfCpu = std::array<std::uint32_t, AllEvents::size>;

  std::array<OfCpu, max_cpus> cpus{};
};

// Counts them in a run.
class StepCounter final : public Observer {
 public:
  const StepCounts& counts() const { return counts_; }

  EventSet watches() const override { return EventSet::all(); }
  void begin(Arena& /*arena*/, const World& /*world*/) override {
    counts_ = {};
    in_operation_ = 0;
  }
  void happened(const EventView& event, const World& /*world*/) override {
    const CpuMask bit = cpu_bit(event.cpu);
    if (event.is<event::OperationBegins>()) {
      const bool begins = event.as<event::OperationBegins>().operation != no_fact;
      in_operation_ = static_cast<CpuMask>(begins ? in_operation_ | bit : in_operation_ & ~bit);
    }
    if ((in_operation_ & bit) != 0) ++counts_.cpus[event.cpu][event.kind];
  }

 private:
  StepCounts counts_;
  CpuMask in_operation_ = 0;  // those that are in one
};

}  // namespace shootdown
