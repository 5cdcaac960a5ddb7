#include "fuzz/replay/record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/events/event.h"
#include "engine/events/names.h"
#include "engine/events/observer.h"
#include "engine/sched/pct.h"
#include "engine/sched/schedule_recorder.h"

namespace shootdown {

std::optional<Program> record(Replayer& replayer, const Program& program) {
  const MachineConfig& machine = program.machine;
  if (machine.pct_depth == 0) return program;
  Pct pct(machine.pct_seed, machine.pct_depth, machine.pct_steps);
  return record(replayer, program, pct);
}

std::optional<Program> record(Replayer& replayer, const Program& program, Chooser& chooser) {
  if (!ScheduleRecorder::can_record(program)) return std::nullopt;
  const auto recorder = std::make_unique<ScheduleRecorder>(program, chooser);
  replayer.run(recorder->program(), nullptr, recorder.get());
  if (!recorder->finish()) return std::nullopt;
  return recorder->program();
}

namespace {

// The steps that each operation of a program makes on its CPU, those of interrupts' handlers among them: as
// exceptions count them.
class OwnSteps final : public Observer {
 public:
  explicit OwnSteps(std::size_t operations) : steps_(operations), operation_(max_cpus, no_fact) {}

  // The steps of an operation, from its first.
  const std::vector<AnyEvent>& of(std::size_t operation) const { return steps_[operation]; }

  EventSet watches() const override { return EventSet::all(); }
  void happened(const EventView& event, const World& /*world*/) override {
    visit_event(event, [&](const auto& what) { count(event, what); });
  }

 private:
  void count(const EventView& event, const event::OperationBegins& begins) { operation_[event.cpu] = begins.operation; }
  // What the hardware does unasked is no step of the operation at hand.
  void count(const EventView& /*event*/, const event::EvictTranslation& /*evict*/) {}
  void count(const EventView& /*event*/, const event::FillTranslation& /*fill*/) {}
  template <typename E>
  void count(const EventView& event, const E& /*what*/) {
    if (E::is_step && operation_[event.cpu] != no_fact) steps_[operation_[event.cpu]].emplace_back(event);
  }

  std::vector<std::vector<AnyEvent>> steps_;
  std::vector<Fact> operation_;  // that each CPU is in
};

// Ties an exception to the last of the steps before it, if `from` of the operation's steps were made at the one before.
void tie_to_event(Exception& exception, const std::vector<AnyEvent>& steps, std::size_t from) {
  const std::size_t at = exception.after;
  if (exception.event != Exception::steps || exception.visit != 0 || at <= from || at > steps.size()) return;
  const AnyEvent& last = steps[at - 1];
  if (!happens_on_cpu(last.kind)) return;
  const Fact page = page_of(last);
  const bool of_page = page < Exception::any_page;
  const auto same = [&](const AnyEvent& step) { return step.kind == last.kind && (!of_page || page_of(step) == page); };
  const auto first = steps.begin() + static_cast<std::ptrdiff_t>(from);
  const auto count = std::count_if(first, steps.begin() + static_cast<std::ptrdiff_t>(at), same);
  if (count > max_occurrence) return;
  exception.event = last.kind;
  exception.event_page = of_page ? static_cast<std::uint8_t>(page) : Exception::any_page;
  exception.after = static_cast<std::uint16_t>(count);
}

}  // namespace

Program with_events(Replayer& replayer, const Program& program) {
  OwnSteps own(program.operation_count);
  replayer.run(program, &own);
  Program result = program;
  for (std::size_t i = 0; i < program.operation_count; ++i) {
    const Operation& operation = program.operations[i];
    std::size_t from = 0;
    for (Exception& exception :
         std::span(result.exceptions).subspan(operation.first_exception, operation.exception_count)) {
      if (exception.event != Exception::steps) break;
      const std::size_t at = exception.after;
      tie_to_event(exception, own.of(i), from);
      from = std::max(from, at);
    }
  }
  return result;
}

}  // namespace shootdown
