#include "fuzz/prove/explorer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/check.h"
#include "engine/sched/schedule_recorder.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

Explorer::Explorer(const Engine& engine, const Program& program, const ExplorerSettings& settings)
    : settings_(settings),
      program_(without_schedule(program)),
      histories_([this](int cpu) { return simulation_.handles_interrupt(cpu); }, settings.forgets),
      judge_(&histories_, settings.oracles),
      simulation_(engine, judge_),
      schedule_(program_),
      trail_(program_, simulation_, settings.trace, schedule_, settings.snapshots) {
  simulation_.defect = settings.defect;
  simulation_.code = settings.code;
}

Explorer::State Explorer::search(std::uint64_t runs) {
  for (; found_ == State::goes_on && runs != 0; --runs) {
    if (runs_ != 0 && next_ == level_end_) {
      found_ = next_level();
      continue;
    }
    follow(next_node());
    if (!explore()) found_ = State::broken;
    if (found_ == State::goes_on && bytes() > settings_.memory) found_ = State::out_of_memory;
  }
  return found_;
}

std::uint64_t Explorer::bytes() const {
  return visited_.bytes() + nodes_.capacity() * sizeof(Node) + trail_.bytes();
}

Explorer::State Explorer::next_level() {
  if (left_for_later() == 0) return beyond_bound_ ? State::bound_reached : State::exhausted;
  level_begin_ = level_end_;
  level_end_ = nodes_.size();
  ++exceptions_;
  return State::goes_on;
}

// The schedule without exceptions is none.
std::uint32_t Explorer::next_node() {
  if (runs_ == 0) return no_node;
  const std::size_t node = settings_.backwards ? level_begin_ + (level_end_ - 1 - next_) : next_;
  ++next_;
  return static_cast<std::uint32_t>(node);
}

// Goes with the deviations up to this one.
void Explorer::follow(std::uint32_t node) {
  node_ = node;
  path_.clear();
  for (; node != no_node; node = nodes_[node].parent) path_.push_back(nodes_[node].deviation);
  std::ranges::reverse(path_);
  trail_.follow(path_);
  ++runs_;
}

// Runs on to the end, or to a state that is known; returns whether nothing breaks.
bool Explorer::explore() {
  bool over = simulation_.proceed();
  while (!over && (judge_.broken() & settings_.oracles).empty()) {
    if (!comes_to_new_state()) return true;
    branch();
    schedule_.go_on();
    over = simulation_.proceed();
  }
  if (over) tell_of_end();
  return (judge_.broken() & settings_.oracles).empty() || !keep_counterexample();
}

void Explorer::tell_of_end() {
  if (settings_.observer == nullptr || !Simulation::can_save) return;
  histories_.clear();
  settings_.observer->ends(world(settings_.seed));
}

bool Explorer::comes_to_new_state() {
  const std::uint64_t here = Simulation::can_save ? state() : 0;
  const bool is_new = !settings_.merges || visited_.insert(here);
  if (is_new) {
    ++states_;
    digest_ += here;
  }
  if (settings_.observer != nullptr) settings_.observer->comes_to(here, is_new, path_, schedule_.decision());
  return is_new;
}

namespace {

// What it has looked at without a step may be in what it is about to do.
std::uint64_t with(const StepPoint& next, std::uint64_t digest) {
  const std::array<std::uint64_t, 2> parts{next.kind, next.subject};
  digest = XXH3_64bits_withSeed(parts.data(), sizeof parts, digest);
  return next.event == nullptr ? digest : XXH3_64bits_withSeed(next.event, next.facts * sizeof(Fact), digest);
}

}  // namespace

std::uint64_t Explorer::world(std::uint64_t seed) const {
  std::uint64_t digest = seed;
  simulation_.visit_state(
      [&](std::span<const std::byte> part) { digest = XXH3_64bits_withSeed(part.data(), part.size(), digest); });
  return digest;
}

// Behind deviations it does not matter any more by which one came there. What the code on the CPUs knows (histories_) lies
// in the run's memory.
std::uint64_t Explorer::state() const {
  const auto current = static_cast<std::uint64_t>(schedule_.question().at.cpu);
  std::uint64_t digest = world(settings_.seed + schedule_.memory() + current);
  for (int cpu = 0; cpu < program_.machine.cpus; ++cpu) {
    digest = with(simulation_.next_step(cpu), digest);
    if (simulation_.handles_interrupt(cpu)) digest = with(simulation_.interrupted_step(cpu), digest);
  }
  return digest;
}

// Nothing can be tied to the last sync, in which only one CPU is left.
void Explorer::branch() {
  if (schedule_.question().at.operation < 0) return;
  branch_to_others();
  branch_to_hardware();
}

void Explorer::branch_to_others() {
  const Question& question = schedule_.question();
  const Choice usual = schedule_.usual();
  for (unsigned rest = question.runnable; rest != 0; rest &= rest - 1) {
    const int cpu = std::countr_zero(rest);
    Choice choice = run_next(cpu);
    if (choice != usual && settings_.freedoms.contains(Freedom::preempt)) branch_to(choice);
    const bool interrupted = (question.interrupted & cpu_bit(cpu)) != 0;
    if (!interrupted || !settings_.freedoms.contains(Freedom::late)) continue;
    for (choice.latency = 1; choice.latency <= max_latency; ++choice.latency) branch_to(choice);
  }
}

namespace {

// Which page of which mm a step is about, if it is so many pages.
struct PageOfMm {
  int mm;
  int page;
};

// Steps before which it makes a difference that a translation is dropped; and that it is loaded.
constexpr EventSet uses_translation = EventSet::of(EventList<event::UserAccess, event::Translate>{});
constexpr EventSet looks_at_entry = EventSet::of(
    EventList<event::ReadEntry, event::SetEntry, event::SetAccessFlags, event::ClearEntry, event::ClearAccessed>{});

// The parts of step_point() of such steps.
PageOfMm page_of_mm(const StepPoint& next) {
  return {.mm = static_cast<int>(next.subject >> 16U), .page = static_cast<int>(next.subject & 0xFFFFU)};
}

}  // namespace

void Explorer::branch_to_hardware() {
  const Question& question = schedule_.question();
  if (question.occasion != Question::Occasion::step) return;
  const StepPoint next = simulation_.next_step(question.at.cpu);
  const auto cpu = static_cast<std::uint8_t>(question.at.cpu);
  if (settings_.freedoms.contains(Freedom::fail)) branch_to({.kind = Choice::Kind::fail, .cpu = cpu});
  if (settings_.freedoms.contains(Freedom::evict) && uses_translation.contains(next.kind)) {
    const auto page = static_cast<std::uint16_t>(page_of_mm(next).page);
    branch_to({.kind = Choice::Kind::evict, .cpu = cpu, .page = page});
  }
  if (settings_.freedoms.contains(Freedom::fill)) branch_to_fills(next);
}

// The hardware of each CPU may load what is about to be looked at, or changed, or goes; and may go to a page table that is none any
// more.
void Explorer::branch_to_fills(const StepPoint& next) {
  const bool of_page = looks_at_entry.contains(next.kind);
  const bool of_table = next.kind == kind_of<event::FreeTable>;
  const PageOfMm what = page_of_mm(next);
  const int mm = of_page ? what.mm : static_cast<int>(next.subject);
  for (int cpu = 0; cpu < program_.machine.cpus; ++cpu) {
    const bool is_of_mm = program_.machine.mm_of(cpu) == mm;
    for (int page = 0; page < program_.machine.virtual_pages(); ++page) {
      const bool matters = is_of_mm && (of_table || (of_page && page == what.page));
      if (!matters && !simulation_.world().would_go_astray(cpu, page)) continue;
      branch_to({.kind = Choice::Kind::fill,
                 .cpu = static_cast<std::uint8_t>(cpu),
                 .page = static_cast<std::uint16_t>(page)});
    }
  }
}

void Explorer::branch_to(const Choice& choice) {
  if (exceptions_ == settings_.exceptions) {
    beyond_bound_ = true;
    return;
  }
  nodes_.push_back({.parent = node_, .deviation = {.decision = schedule_.decision(), .choice = choice}});
}

// Runs the schedule to its end, elsewhere and judged by all; unless that is not what is wanted. It must be so for whoever does
// not know at which places this search lets others run.
bool Explorer::keep_counterexample() {
  DeviatingSchedule schedule(program_);
  schedule.deviate(path_);
  Replayer replayer(simulation_.engine(), settings_.defect);
  replayer.watch_code({.preemptible = settings_.code.preemptible});
  const std::optional<Program> recorded = record(replayer, program_, schedule);
  SHOOTDOWN_CHECK(recorded.has_value());
  replayer.watch_code({});
  replayer.run(*recorded);
  const Report report = replayer.report();
  if ((report.broken() & settings_.oracles).empty()) return false;
  if (settings_.wanted && !settings_.wanted(report)) return false;
  broken_ = report.broken() & settings_.oracles;
  counterexample_ = std::make_unique<Program>(*recorded);
  return true;
}

}  // namespace shootdown
