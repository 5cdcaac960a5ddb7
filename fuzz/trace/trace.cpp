#include "fuzz/trace/trace.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "fuzz/language/text.h"
#include "fuzz/trace/columns.h"
#include "fuzz/trace/narrator.h"
#include "oracles/judge.h"

namespace shootdown {

// --- recording ---

void Trace::clear() {
  steps_.clear();
  beginnings_.clear();
  missing_ = 0;
  last_.fill(none);
}

void Trace::step(std::uint64_t number, int cpu, const Step& step) {
  std::size_t& last = last_[static_cast<std::size_t>(cpu)];
  if (steps_.size() == limit_) {
    last = none;
    ++missing_;
    return;
  }
  last = steps_.size();
  steps_.push_back({.number = number, .step = step, .cpu = cpu});
}

void Trace::result(int cpu, std::uint64_t value) {
  const std::size_t last = last_[static_cast<std::size_t>(cpu)];
  if (last == none) return;
  TracedStep& step = steps_[last];
  if (step.result_count == static_cast<int>(step.results.size())) return;
  step.results[static_cast<std::size_t>(step.result_count++)] = value;
}

void Trace::operation(int cpu, int operation) {
  if (missing_ == 0) beginnings_.push_back({.before = steps_.size(), .cpu = cpu, .operation = operation});
}

// --- rendering ---

namespace {

constexpr int step_indent = 2;  // below the heading

// What the world does to a TLB, whoever is running.
bool is_disturbance(const Step& step) {
  return step.object == Object::tlb && (step.verb == Verb::clear || step.verb == Verb::set);
}

// Whether a step belongs to what its CPU is doing, and not to an interrupt that it may have taken meanwhile.
bool is_own(const Step& step) {
  return !is_disturbance(step) && step.verb != Verb::handle && step.verb != Verb::flush;
}

// In whose column a step is shown.
int actor(const TracedStep& step) {
  return is_disturbance(step.step) ? step.step.first : step.cpu;
}

// For each step, the next of its CPU's own ones; 0: there is none.
std::vector<std::size_t> next_own_steps(const std::vector<TracedStep>& steps) {
  std::vector<std::size_t> next(steps.size());
  std::array<std::size_t, max_cpus> latest{};
  for (std::size_t i = steps.size(); i-- > 0;) {
    std::size_t& mine = latest[static_cast<std::size_t>(steps[i].cpu)];
    next[i] = mine;
    if (is_own(steps[i].step)) mine = i;
  }
  return next;
}

class Picture {
 public:
  Picture(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options);

  std::string render();

 private:
  void show_beginnings(std::size_t before);
  void show_heading(const TracedStep& step);
  void show_step(std::size_t index, const TracedStep* next);
  void show_violations(std::uint64_t steps_made);
  void show_violation(const OracleInfo& oracle);
  std::string heading(const TracedStep& step);
  bool violated_at(std::uint64_t number) const;
  // Of the CPUs that do anything, which one this is.
  int column(int cpu) const { return columns_[static_cast<std::size_t>(cpu)]; }

  const Program& program_;
  const Trace& trace_;
  const Report& report_;
  const TraceOptions& options_;
  Narrator narrator_;
  std::array<int, max_cpus> columns_{};
  std::array<bool, max_cpus> heading_due_{};  // an operation has begun, its first step has not been made
  std::array<int, max_cpus> operation_{};     // that each CPU is in
  std::size_t next_beginning_ = 0;
  std::size_t shown_ = 0;
  ColumnTable table_;
};

// The heads of the columns of CPUs that make steps; fills in which column is whose.
std::vector<std::string> column_heads(const Trace& trace, std::array<int, max_cpus>& columns) {
  columns.fill(-1);
  for (const TracedStep& step : trace.steps()) columns[static_cast<std::size_t>(actor(step))] = 0;
  std::vector<std::string> heads;
  for (std::size_t cpu = 0; cpu < columns.size(); ++cpu) {
    if (columns[cpu] < 0) continue;
    columns[cpu] = static_cast<int>(heads.size());
    heads.push_back(fmt::format("cpu {}", cpu));
  }
  return heads;
}

Picture::Picture(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options)
    : program_(program),
      trace_(trace),
      report_(report),
      options_(options),
      narrator_(program),
      table_("step", column_heads(trace, columns_)) {
  operation_.fill(-1);
}

std::string Picture::render() {
  const std::vector<TracedStep>& steps = trace_.steps();
  const std::vector<std::size_t> next = next_own_steps(steps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    show_beginnings(i);
    show_step(i, next[i] != 0 ? &steps[next[i]] : nullptr);
    show_violations(steps[i].number + 1);
  }
  if (trace_.missing() != 0)
    table_.add({.text = fmt::format("... and {} further steps, which were not recorded", trace_.missing())});
  for (const OracleInfo& oracle : all_oracles()) {
    const bool later = report_.violation(oracle.id).cpu < 0 || report_.violation(oracle.id).step > steps.size();
    if (report_.broken().contains(oracle.id) && later) show_violation(oracle);
  }
  std::string out = table_.render(options_.width, options_.colour);
  if (!options_.full) out += fmt::format("({} of {} steps are shown)\n", shown_, steps.size() + trace_.missing());
  return out;
}

void Picture::show_beginnings(std::size_t before) {
  const std::vector<Trace::Beginning>& beginnings = trace_.beginnings();
  for (; next_beginning_ < beginnings.size() && beginnings[next_beginning_].before <= before; ++next_beginning_) {
    const Trace::Beginning& beginning = beginnings[next_beginning_];
    narrator_.begin_operation(beginning.cpu, beginning.operation);
    operation_[static_cast<std::size_t>(beginning.cpu)] = beginning.operation;
    heading_due_[static_cast<std::size_t>(beginning.cpu)] = true;
  }
}

// After its last operation a CPU ends its thread; the last of all CPUs then syncs every file.
std::string Picture::heading(const TracedStep& step) {
  const int operation = operation_[static_cast<std::size_t>(step.cpu)];
  if (operation >= 0) return print(program_.operations[static_cast<std::size_t>(operation)], program_.machine);
  if (step.step.object != Object::dirty_tag) return "thread exit";
  return program_.machine.files == 1 ? "final sync" : fmt::format("final sync of file {}", step.step.first);
}

// An operation's heading stands above its first step. The final sync is no operation of its own: its first step, the
// look at the dirty tags with which every fsync begins, tells it from the exit of the thread.
void Picture::show_heading(const TracedStep& step) {
  if (!is_own(step.step)) return;
  const auto cpu = static_cast<std::size_t>(step.cpu);
  const bool final_sync = operation_[cpu] < 0 && step.step.verb == Verb::read && step.step.object == Object::dirty_tag;
  if (!std::exchange(heading_due_[cpu], false) && !final_sync) return;
  table_.add({.column = column(step.cpu), .text = heading(step)});
}

bool Picture::violated_at(std::uint64_t number) const {
  return std::any_of(all_oracles().begin(), all_oracles().end(), [&](const OracleInfo& oracle) {
    return report_.broken().contains(oracle.id) && report_.violation(oracle.id).step == number + 1 &&
           report_.violation(oracle.id).cpu >= 0;
  });
}

void Picture::show_step(std::size_t index, const TracedStep* next) {
  const TracedStep& step = trace_.steps()[index];
  show_heading(step);
  Narration narration = narrator_.narrate(step, next);
  if (!options_.full && !narration.essential && !violated_at(step.number)) return;
  ++shown_;
  table_.add({.label = fmt::to_string(step.number),
              .column = column(actor(step)),
              .text = std::move(narration.text),
              .indent = step_indent});
}

void Picture::show_violations(std::uint64_t steps_made) {
  for (const OracleInfo& oracle : all_oracles()) {
    const Violation& violation = report_.violation(oracle.id);
    if (report_.broken().contains(oracle.id) && violation.cpu >= 0 && violation.step == steps_made)
      show_violation(oracle);
  }
}

void Picture::show_violation(const OracleInfo& oracle) {
  table_.add({.text = fmt::format("*** {}: {}", oracle.name, report_.violation(oracle.id).fact()), .emphasised = true});
}

}  // namespace

std::string render_trace(const Program& program, const Trace& trace, const Report& report,
                         const TraceOptions& options) {
  return Picture(program, trace, report, options).render();
}

}  // namespace shootdown
