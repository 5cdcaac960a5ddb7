#include "engine/run/run.h"

#include <cstddef>

#include "engine/check.h"

namespace shootdown {

Run::Run(const RunSetup& setup, const World& world)
    : config(setup.program.machine),
      defect(setup.defect),
      sched(setup.fibers, *this, config.cpus),
      world_(world),
      arena_(setup.arena),
      program_(setup.program),
      observer_(setup.observer),
      trace_(setup.trace),
      chooser_(setup.chooser),
      observer_watches_(observer_.watches()),
      trace_watches_(trace_ == nullptr ? EventSet() : trace_->watches()),
      chooser_waits_for_(chooser_.waits_for()),
      others_watch_(trace_watches_ | chooser_waits_for_),
      accesses_are_watched_(trace_ != nullptr && trace_->watches_accesses()),
      threads_left_(config.cpus) {}

void Run::begin() {
  observer_.begin(arena_, world_);
  if (trace_ != nullptr) trace_->begin(arena_, world_);
  tell(0, event::RunBegins{.cpus = config.cpus});
  enter();
  sched.begin(chooser_, step_limit(program_));
  leave();
}

bool Run::proceed(std::uint64_t until) {
  enter();
  const bool over = sched.proceed(until);
  leave();
  if (over) tell(0, event::RunEnds{.outcome = sched.outcome()});
  return over;
}

void Run::tell_others(const EventView& event) {
  if (trace_watches_.contains(event.kind)) trace_->happened(event, world_);
  if (chooser_waits_for_.contains(event.kind) && chooser_.happened(event)) sched.ask_soon();
}

void Run::run_cpu(int cpu) {
  for (int i = 0; i < program_.operation_count && !has_exited(cpu); ++i) {
    const Operation& operation = program_.operations[static_cast<std::size_t>(i)];
    if (operation.cpu != cpu) continue;
    enter_operation(cpu, i);
    run_operation(cpu, operation);
  }
  if (!has_exited(cpu)) {
    enter_operation(cpu, -1);
    exit_thread(cpu);
  }
  if (!is_last_thread()) return;
  sched.wait_for_interrupts_of_others();
  enter_operation(cpu, -1);
  finish(cpu);
}

// Who comes last is of no interest to the kernel.
bool Run::is_last_thread() {
  const Unwatched unwatched;
  return threads_left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

void Run::enter_operation(int cpu, int number) {
  sched.begin_operation(number);
  begin_operation(cpu);
  announce(cpu, event::OperationBegins{.operation = number < 0 ? no_fact : as_fact(number)});
}

}  // namespace shootdown
