#include "fuzz/trace/story.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "fuzz/language/text.h"
#include "fuzz/trace/narrator.h"
#include "oracles/oracles.h"

namespace shootdown {

namespace {

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

class Storyteller {
 public:
  Storyteller(const Program& program, const Trace& trace, const Report& report)
      : program_(program), trace_(trace), report_(report) {}

  std::vector<StoryLine> tell();

 private:
  struct Cpu {
    Fact operation = no_fact;    // that it is in
    bool heading_due = false;    // the operation has begun, its first step has not been made
    bool waited = false;         // for a lock, in its last own step
    bool interrupted = false;    // it has taken an interrupt since then
    std::uint64_t numbered = 0;  // the last of its steps that has a line as an access
  };

  void begin_operation(const AnyEvent& beginning);
  void tell_heading(const AnyEvent& step);
  void tell_event(const AnyEvent& step);
  void tell_access(const Trace::Access& access);
  void tell_verdicts(std::uint64_t steps_made);
  void tell_other_verdicts();
  void tell_verdict(const OracleInfo& oracle);
  std::string heading(int cpu) const;
  std::string heading(const AnyEvent& step) const;
  bool is_violated(const OracleInfo& oracle, std::uint64_t steps_made) const;
  bool anything_is_violated(std::uint64_t steps_made) const;
  Narration words(const AnyEvent& step) const;
  StoryLine& add(StoryLine::Kind kind, int cpu, std::string text);

  const Program& program_;
  const Trace& trace_;
  const Report& report_;
  std::array<Cpu, max_cpus> cpus_{};
  std::size_t event_ = 0;  // at hand
  OracleSet told_;
  std::vector<StoryLine> lines_;
};

std::vector<StoryLine> Storyteller::tell() {
  auto access = trace_.all_accesses().begin();
  for (event_ = 0; event_ < trace_.events().size(); ++event_) {
    for (; access != trace_.all_accesses().end() && access->before == event_; ++access) tell_access(*access);
    const AnyEvent& event = trace_.events()[event_];
    if (event.is<event::OperationBegins>()) begin_operation(event);
    if (!has_line(event)) continue;
    if (is_own(event)) tell_heading(event);
    tell_event(event);
    if (is_step(event)) tell_verdicts(event.step);
  }
  tell_other_verdicts();
  return std::move(lines_);
}

StoryLine& Storyteller::add(StoryLine::Kind kind, int cpu, std::string text) {
  const Fact operation = cpu < 0 ? no_fact : cpus_[static_cast<std::size_t>(cpu)].operation;
  return lines_.emplace_back(StoryLine{.kind = kind,
                                       .cpu = cpu,
                                       .number = {},
                                       .function = {},
                                       .text = std::move(text),
                                       .event = event_,
                                       .operation = operation});
}

void Storyteller::begin_operation(const AnyEvent& beginning) {
  Cpu& cpu = cpus_[beginning.cpu];
  cpu.operation = beginning.as<event::OperationBegins>().operation;
  cpu.heading_due = true;
}

// After its last operation a CPU ends its thread.
std::string Storyteller::heading(int cpu) const {
  const Fact operation = cpus_[static_cast<std::size_t>(cpu)].operation;
  return operation == no_fact ? "thread exit" : print(program_.operations[operation], program_.machine);
}

// The last of all CPUs then syncs every file.
std::string Storyteller::heading(const AnyEvent& step) const {
  if (cpus_[step.cpu].operation != no_fact || !step.is<event::FsyncBegins>()) return heading(step.cpu);
  if (program_.machine.files == 1) return "final sync";
  return fmt::format("final sync of file {}", step.as<event::FsyncBegins>().file);
}

// An operation's heading stands above its first step. The final sync is no operation of its own: that an fsync begins
// in none tells it from the exit of the thread.
void Storyteller::tell_heading(const AnyEvent& step) {
  Cpu& cpu = cpus_[step.cpu];
  const bool final_sync = cpu.operation == no_fact && step.is<event::FsyncBegins>();
  if (!std::exchange(cpu.heading_due, false) && !final_sync) return;
  add(StoryLine::Kind::operation, step.cpu, heading(step));
}

// The step at which a CPU has the lock that it waited for belongs to the story, as the wait does.
Narration Storyteller::words(const AnyEvent& step) const {
  Narration narration = narrate(step, program_.machine);
  const bool got_it = step.is<event::TakeLock>() && step.as<event::TakeLock>().taken != 0;
  if (!got_it || !cpus_[step.cpu].waited) return narration;
  return {.text = narration.text + ", at last", .essential = true};
}

// What comes of the step has no number of its own.
void Storyteller::tell_access(const Trace::Access& access) {
  const MemoryAccess& what = access.what;
  Cpu& cpu = cpus_[static_cast<std::size_t>(what.cpu)];
  if (std::exchange(cpu.heading_due, false)) add(StoryLine::Kind::operation, what.cpu, heading(what.cpu));
  cpu.numbered = what.step;
  StoryLine& line =
      add(StoryLine::Kind::access, what.cpu, fmt::format("{} {}", what.writes ? "write" : "read", what.object));
  line.number = what.step - 1;
  line.function = access.function;
}

void Storyteller::tell_event(const AnyEvent& step) {
  Narration narration = words(step);
  Cpu& cpu = cpus_[step.cpu];
  if (is_own(step)) cpu.waited = step.is<event::WaitForLock>();
  const bool counts = is_step(step);
  StoryLine& line = add(counts ? StoryLine::Kind::step : StoryLine::Kind::wait, static_cast<int>(actor(step)),
                        std::move(narration.text));
  line.function = trace_.functions()[event_];
  if (is_own(step) || step.is<event::TakeInterrupt>()) cpu.interrupted = !is_own(step);
  line.own = is_own(step) || (step.is<event::FlushTranslation>() && !cpu.interrupted);
  line.essential = narration.essential || (counts && anything_is_violated(step.step));
  if (counts && cpu.numbered != step.step) line.number = step.step - 1;
}

// Whether this was found when so many steps had been made.
bool Storyteller::is_violated(const OracleInfo& oracle, std::uint64_t steps_made) const {
  if (!report_.broken().contains(oracle.id)) return false;
  const Violation& violation = report_.violation(oracle.id);
  return violation.cpu >= 0 && violation.step == steps_made;
}

bool Storyteller::anything_is_violated(std::uint64_t steps_made) const {
  return std::ranges::any_of(all_oracles(), [&](const OracleInfo& oracle) { return is_violated(oracle, steps_made); });
}

void Storyteller::tell_verdicts(std::uint64_t steps_made) {
  for (const OracleInfo& oracle : all_oracles()) {
    if (is_violated(oracle, steps_made)) tell_verdict(oracle);
  }
}

// What was found after the run, or at a step that was not recorded.
void Storyteller::tell_other_verdicts() {
  for (const OracleInfo& oracle : all_oracles()) {
    if (report_.broken().contains(oracle.id) && !told_.contains(oracle.id)) tell_verdict(oracle);
  }
}

void Storyteller::tell_verdict(const OracleInfo& oracle) {
  told_.insert(oracle.id);
  const Violation& violation = report_.violation(oracle.id);
  add(StoryLine::Kind::verdict, violation.cpu, fmt::format("{}: {}", oracle.name, violation.fact())).oracle = oracle.id;
}

}  // namespace

std::vector<StoryLine> tell_story(const Program& program, const Trace& trace, const Report& report) {
  return Storyteller(program, trace, report).tell();
}

}  // namespace shootdown
