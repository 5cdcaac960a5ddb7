#include "engine/sched/input_schedule.h"

namespace shootdown {

int InputSchedule::begin(int /*cpus*/) {
  for (std::uint8_t& next : next_event_) next = 0;
  return 0;
}

std::uint64_t InputSchedule::next_stop(const Position& position) {
  const CpuProgram& cpu = program_.cpus[static_cast<std::size_t>(position.cpu)];
  std::uint8_t& next = next_event_[position.cpu];
  while (next < cpu.event_count) {
    const Event& event = cpu.events[next];
    if (event.operation > position.operation) return never;
    if (event.operation == position.operation) {
      return event.after <= position.own ? position.total : position.total + (event.after - position.own);
    }
    ++next;  // its operation is over
  }
  return never;
}

Strategy::Decision InputSchedule::decide(const Position& position, CpuMask runnable) {
  const std::uint8_t index = next_event_[position.cpu]++;
  const Event& event = program_.cpus[static_cast<std::size_t>(position.cpu)].events[index];
  if (event.kind != Event::Kind::preempt) {
    return {.cpu = position.cpu, .disturbance = position.cpu * max_events + index};
  }
  const bool can_run = (runnable >> event.cpu & 1U) != 0;
  return {.cpu = can_run ? event.cpu : position.cpu, .latency = event.latency};
}

int InputSchedule::pick(int current, CpuMask runnable) {
  return next_cpu(runnable, (current + 1) % max_cpus);
}

}  // namespace shootdown
