#include "fuzz/trace/trace.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "fuzz/language/text.h"
#include "fuzz/trace/columns.h"
#include "fuzz/trace/narrator.h"
#include "oracles/oracles.h"

namespace shootdown {

bool is_step(const AnyEvent& event) {
  bool result = false;
  visit_event(event, [&]<typename E>(const E& /*event*/) { result = E::is_step; });
  return result;
}

bool has_line(const AnyEvent& event) {
  bool result = false;
  visit_event(event, [&]<typename E>(const E& /*event*/) { result = is_told<E>; });
  return result;
}

// --- recording ---

void Trace::happened(const EventView& view, const World& world) {
  if (view.is<event::RunBegins>()) {
    events_.clear();
    functions_.clear();
    accesses_.clear();
    steps_ = 0;
    missing_ = 0;
  }
  const AnyEvent event(view);
  const bool counts = is_step(event);
  if (counts && is_full()) ++missing_;
  if (missing_ != 0) return;
  if (counts) ++steps_;
  events_.push_back(event);
  functions_.push_back(world.function(view.cpu));
}

void Trace::accesses(const MemoryAccess& access, const World& world) {
  if (missing_ != 0 || is_full()) return;
  accesses_.push_back({access, world.function(access.cpu), events_.size()});
}

bool Trace::is_full() {
  return steps_ + accesses_.size() >= limit_;
}

// --- rendering ---

namespace {

constexpr int step_indent = 2;  // below the heading

// What the world does to a TLB, whoever is running.
bool is_disturbance(const AnyEvent& step) {
  return step.is<event::EvictTranslation>() || step.is<event::FillTranslation>();
}

// Whether a step belongs to what its CPU is doing, and not to an interrupt that it may have taken meanwhile.
bool is_own(const AnyEvent& step) {
  return !is_disturbance(step) && !step.is<event::TakeInterrupt>() && !step.is<event::FlushTranslation>();
}

// In whose column a step is shown.
std::size_t actor(const AnyEvent& step) {
  if (step.is<event::EvictTranslation>()) return step.as<event::EvictTranslation>().owner;
  if (step.is<event::FillTranslation>()) return step.as<event::FillTranslation>().owner;
  return step.cpu;
}

class Renderer {
 public:
  Renderer(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options);

  std::string render();

 private:
  struct Cpu {
    int column = across;         // of the CPUs that do anything, which one this is
    Fact operation = no_fact;    // that it is in
    bool heading_due = false;    // the operation has begun, its first step has not been made
    bool waited = false;         // for a lock, in its last own step
    std::uint64_t numbered = 0;  // the last of its steps that has a line as an access
  };
  static constexpr int across = ColumnTable::across;

  std::vector<std::string> assign_columns();
  void begin_operation(const AnyEvent& beginning);
  void show_heading(const AnyEvent& step);
  void show_step(const AnyEvent& step, std::string_view function);
  void show_access(const Trace::Access& access);
  void show_violations(std::uint64_t steps_made);
  void show_other_violations();
  void show_violation(const OracleInfo& oracle);
  std::string count() const;
  std::string heading(int cpu) const;
  std::string heading(const AnyEvent& step) const;
  bool is_violated(const OracleInfo& oracle, std::uint64_t steps_made) const;
  bool anything_is_violated(std::uint64_t steps_made) const;
  Narration words(const AnyEvent& step) const;

  const Program& program_;
  const Trace& trace_;
  const Report& report_;
  const TraceOptions& options_;
  std::array<Cpu, max_cpus> cpus_{};
  std::size_t shown_ = 0;
  OracleSet told_;
  ColumnTable table_;
};

Renderer::Renderer(const Program& program, const Trace& trace, const Report& report, const TraceOptions& options)
    : program_(program),
      trace_(trace),
      report_(report),
      options_(options),
      table_("step", "function", assign_columns()) {}

// A column for each CPU that makes a step. The result is their heads.
std::vector<std::string> Renderer::assign_columns() {
  std::array<bool, max_cpus> acts{};
  for (const AnyEvent& event : trace_.events()) {
    if (has_line(event)) acts[actor(event)] = true;
  }
  for (const Trace::Access& access : trace_.all_accesses()) acts[static_cast<std::size_t>(access.what.cpu)] = true;
  std::vector<std::string> heads;
  for (std::size_t cpu = 0; cpu < acts.size(); ++cpu) {
    if (!acts[cpu]) continue;
    cpus_[cpu].column = static_cast<int>(heads.size());
    heads.push_back(fmt::format("cpu {}", cpu));
  }
  return heads;
}

std::string Renderer::render() {
  auto access = trace_.all_accesses().begin();
  for (std::size_t i = 0; i < trace_.events().size(); ++i) {
    for (; access != trace_.all_accesses().end() && access->before == i; ++access) show_access(*access);
    const AnyEvent& event = trace_.events()[i];
    if (event.is<event::OperationBegins>()) begin_operation(event);
    if (!has_line(event)) continue;
    if (is_own(event)) show_heading(event);
    show_step(event, trace_.functions()[i]);
    if (is_step(event)) show_violations(event.step);
  }
  if (trace_.missing() != 0)
    table_.add({.text = fmt::format("... and {} further steps, which were not recorded", trace_.missing())});
  show_other_violations();
  std::string out = table_.render(options_.width, options_.colour);
  if (!options_.full) out += count();
  return out;
}

std::string Renderer::count() const {
  const std::uint64_t steps = trace_.steps() + trace_.missing();
  if (std::ranges::all_of(trace_.functions(), &std::string_view::empty))
    return fmt::format("({} of {} steps are shown)\n", shown_, steps);
  return fmt::format("({} of {} events are shown; there were {} steps)\n", shown_, steps, trace_.events().back().step);
}

void Renderer::begin_operation(const AnyEvent& beginning) {
  Cpu& cpu = cpus_[beginning.cpu];
  cpu.operation = beginning.as<event::OperationBegins>().operation;
  cpu.heading_due = true;
}

// After its last operation a CPU ends its thread.
std::string Renderer::heading(int cpu) const {
  const Fact operation = cpus_[static_cast<std::size_t>(cpu)].operation;
  return operation == no_fact ? "thread exit" : print(program_.operations[operation], program_.machine);
}

// The last of all CPUs then syncs every file.
std::string Renderer::heading(const AnyEvent& step) const {
  if (cpus_[step.cpu].operation != no_fact || !step.is<event::FsyncBegins>()) return heading(step.cpu);
  if (program_.machine.files == 1) return "final sync";
  return fmt::format("final sync of file {}", step.as<event::FsyncBegins>().file);
}

// An operation's heading stands above its first step. The final sync is no operation of its own: that an fsync begins
// in none tells it from the exit of the thread.
void Renderer::show_heading(const AnyEvent& step) {
  Cpu& cpu = cpus_[step.cpu];
  const bool final_sync = cpu.operation == no_fact && step.is<event::FsyncBegins>();
  if (!std::exchange(cpu.heading_due, false) && !final_sync) return;
  table_.add({.column = cpu.column, .text = heading(step)});
}

// The step at which a CPU has the lock that it waited for belongs to the story, as the wait does.
Narration Renderer::words(const AnyEvent& step) const {
  Narration narration = narrate(step, program_.machine);
  const bool got_it = step.is<event::TakeLock>() && step.as<event::TakeLock>().taken != 0;
  if (!got_it || !cpus_[step.cpu].waited) return narration;
  return {.text = narration.text + ", at last", .essential = true};
}

// What comes of the step has no number of its own.
void Renderer::show_access(const Trace::Access& access) {
  const MemoryAccess& what = access.what;
  Cpu& cpu = cpus_[static_cast<std::size_t>(what.cpu)];
  if (std::exchange(cpu.heading_due, false)) table_.add({.column = cpu.column, .text = heading(what.cpu)});
  cpu.numbered = what.step;
  table_.add({.label = fmt::to_string(what.step - 1),
              .note = std::string(access.function),
              .column = cpu.column,
              .text = fmt::format("{} {}", what.writes ? "write" : "read", what.object),
              .indent = step_indent});
}

void Renderer::show_step(const AnyEvent& step, std::string_view function) {
  Narration narration = words(step);
  if (is_own(step)) cpus_[step.cpu].waited = step.is<event::WaitForLock>();
  const bool counts = is_step(step);
  if (!options_.full && !narration.essential && !(counts && anything_is_violated(step.step))) return;
  if (counts) ++shown_;
  const bool numbered = counts && cpus_[step.cpu].numbered != step.step;
  table_.add({.label = numbered ? fmt::to_string(step.step - 1) : "",
              .note = std::string(function),
              .column = cpus_[actor(step)].column,
              .text = std::move(narration.text),
              .indent = step_indent});
}

// Whether this was found when so many steps had been made.
bool Renderer::is_violated(const OracleInfo& oracle, std::uint64_t steps_made) const {
  if (!report_.broken().contains(oracle.id)) return false;
  const Violation& violation = report_.violation(oracle.id);
  return violation.cpu >= 0 && violation.step == steps_made;
}

bool Renderer::anything_is_violated(std::uint64_t steps_made) const {
  return std::ranges::any_of(all_oracles(), [&](const OracleInfo& oracle) { return is_violated(oracle, steps_made); });
}

void Renderer::show_violations(std::uint64_t steps_made) {
  for (const OracleInfo& oracle : all_oracles()) {
    if (is_violated(oracle, steps_made)) show_violation(oracle);
  }
}

// What was found after the run, or at a step that was not recorded.
void Renderer::show_other_violations() {
  for (const OracleInfo& oracle : all_oracles()) {
    if (report_.broken().contains(oracle.id) && !told_.contains(oracle.id)) show_violation(oracle);
  }
}

void Renderer::show_violation(const OracleInfo& oracle) {
  told_.insert(oracle.id);
  table_.add({.text = fmt::format("*** {}: {}", oracle.name, report_.violation(oracle.id).fact()), .emphasised = true});
}

}  // namespace

std::string render_trace(const Program& program, const Trace& trace, const Report& report,
                         const TraceOptions& options) {
  return Renderer(program, trace, report, options).render();
}

}  // namespace shootdown
