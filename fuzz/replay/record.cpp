#include "fuzz/replay/record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "engine/events/event.h"
#include "engine/events/names.h"
#include "engine/events/observer.h"
#include "engine/sched/sampler.h"
#include "engine/sched/schedule_recorder.h"

namespace shootdown {

std::optional<Program> record(Replayer& replayer, const Program& program) {
  const MachineConfig& machine = program.machine;
  const Sampler sampler = sampler_of(machine);
  if (sampler == Sampler::none) return program;
  const StepCounts counts = sampler == Sampler::surw ? replayer.count_steps(program) : StepCounts();
  std::unique_ptr<Chooser> chooser;
  make_sampler(machine, counts, [&]<typename C>(const auto&... arguments) -> Chooser& {
    chooser = std::make_unique<C>(arguments...);
    return *chooser;
  });
  return record(replayer, program, *chooser);
}

std::optional<Program> record(Replayer& replayer, const Program& program, Chooser& chooser) {
  if (!can_record(program)) return std::nullopt;
  const auto recorder = std::make_unique<ScheduleRecorder>(program, chooser);
  replayer.run(recorder->program(), nullptr, recorder.get());
  if (!recorder->finish()) return std::nullopt;
  return recorder->program();
}

namespace {

// An event that a schedule can wait for, and how many steps its CPU had made in the operation by then.
struct PlacedEvent {
  std::uint64_t steps;
  AnyEvent event;
};

// What happens in each operation of a program, step by step. Of a step of the model that is one event; a step of a kernel's own code
// may come to none, or to several.
class EventsOfOperations final : public Observer {
 public:
  explicit EventsOfOperations(std::size_t operations) : events_(operations), operation_(max_cpus, no_fact) {}

  const std::vector<PlacedEvent>& of(std::size_t operation) const { return events_[operation]; }

  EventSet watches() const override { return EventSet::all(); }
  void happened(const EventView& event, const World& world) override {
    if (event.is<event::OperationBegins>()) operation_[event.cpu] = event.as<event::OperationBegins>().operation;
    // What the hardware does unasked is no step of the operation at hand.
    const bool unasked = event.is<event::EvictTranslation>() || event.is<event::FillTranslation>();
    if (unasked || !happens_on_cpu(event.kind) || !is_step(event) || operation_[event.cpu] == no_fact) return;
    events_[operation_[event.cpu]].push_back({world.steps_of_operation(), AnyEvent(event)});
  }

 private:
  static bool is_step(const EventView& event) {
    bool result = false;
    visit_event(event, [&]<typename E>(const E& /*what*/) { result = E::is_step; });
    return result;
  }

  std::vector<std::vector<PlacedEvent>> events_;
  std::vector<Fact> operation_;  // that each CPU is in
};

// Ties an exception to the last event of the step before it, if the one before it is tied to the operation's step `from`.
void tie_to_event(Exception& exception, const std::vector<PlacedEvent>& events, std::size_t from) {
  const std::size_t at = exception.after;
  if (exception.event != Exception::steps || exception.visit != 0 || at <= from) return;
  const auto end = std::ranges::upper_bound(events, at, {}, &PlacedEvent::steps);
  if (end == events.begin() || std::prev(end)->steps != at) return;
  const AnyEvent& last = std::prev(end)->event;
  const Fact page = page_of(last);
  const bool of_page = page < Exception::any_page;
  const auto same = [&](const PlacedEvent& placed) {
    return placed.event.kind == last.kind && (!of_page || page_of(placed.event) == page);
  };
  const auto count = std::count_if(std::ranges::upper_bound(events, from, {}, &PlacedEvent::steps), end, same);
  if (count > max_occurrence) return;
  exception.event = last.kind;
  exception.event_page = of_page ? static_cast<std::uint8_t>(page) : Exception::any_page;
  exception.after = static_cast<std::uint16_t>(count);
}

}  // namespace

Program with_events(Replayer& replayer, const Program& program) {
  EventsOfOperations events(program.operation_count);
  const std::uint64_t hash = replayer.run(program, &events).hash;
  const auto is_same_run = [&](const Program& other) { return replayer.run(other).hash == hash; };
  const auto tie_all = [&](Program& result, bool each_is_tried) {
    for (std::size_t i = 0; i < program.operation_count; ++i) {
      const Operation& operation = program.operations[i];
      std::size_t from = 0;
      for (Exception& exception : exceptions_of(result).subspan(operation.first_exception, operation.exception_count)) {
        if (exception.event != Exception::steps) break;
        const Exception by_steps = exception;
        tie_to_event(exception, events.of(i), from);
        if (each_is_tried && !is_same_run(result)) exception = by_steps;
        from = std::max<std::size_t>(from, by_steps.after);
      }
    }
  };
  Program result = program;
  tie_all(result, false);
  if (is_same_run(result)) return result;
  // What a CPU does in an interrupt while it waits may come behind the same number of steps as what it did before, and is
  // not what an exception there can wait for.
  result = program;
  tie_all(result, true);
  return result;
}

}  // namespace shootdown
