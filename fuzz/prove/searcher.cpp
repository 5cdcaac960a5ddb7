#include "fuzz/prove/searcher.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <ranges>
#include <utility>

#include "engine/check.h"
#include "engine/sched/schedule_recorder.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

JudgedSchedule judged(const Engine& engine, const Program& program, const ExplorerSettings& settings,
                      std::span<const Deviation> path) {
  DeviatingSchedule schedule(program);
  schedule.deviate(path);
  Replayer replayer(engine, settings.defect);
  replayer.watch_code({.preemptible = settings.code.preemptible});
  const std::optional<Program> recorded = record(replayer, program, schedule);
  SHOOTDOWN_CHECK(recorded.has_value());
  if (settings.code.preemptible != nullptr) {
    replayer.watch_code({});
    replayer.run(*recorded);
  }
  return {.program = *recorded, .report = replayer.report()};
}

Searcher::Searcher(const Engine& engine, const Program& program, const ExplorerSettings& settings,
                   const Schedules& schedules, VisitedStates& visited)
    : settings_(settings),
      program_(program),
      schedules_(schedules),
      visited_(visited),
      histories_([this](int cpu) { return simulation_.handles_interrupt(cpu); }, settings.forgets),
      judge_(&histories_, settings.oracles),
      simulation_(engine, judge_),
      schedule_(program_),
      trail_(program_, simulation_, settings.trace, schedule_, settings.snapshots),
      world_(settings.seed) {
  simulation_.defect = settings.defect;
  simulation_.code = settings.code;
  simulation_.code.compares_states = settings.merges;
  simulation_.begin(program_, settings.trace, &schedule_);
  if (Simulation::can_save) world_.begin(simulation_);
}

void Searcher::search(Round& round, int exceptions) {
  exceptions_ = exceptions;
  VisitedStates::Visitor visitor(visited_);
  for (;;) {
    const Round::Portion portion = round.next();
    if (portion.begin >= portion.end) return;
    run(portion, round, visitor);
  }
}

void Searcher::run(Round::Portion portion, Round& round, VisitedStates::Visitor& visitor) {
  for (std::size_t number = portion.begin; number < portion.end; ++number) {
    if (number != 0) visitor.fetch(schedules_.branch(static_cast<Schedules::Number>(number)).target.digest);
  }
  for (std::size_t number = portion.begin; number < portion.end && number < round.end(); ++number) {
    number_ = static_cast<Schedules::Number>(number);
    if (!departs(visitor)) continue;
    schedules_.spell(number_, path_);
    trail_.follow(path_);
    if (!explore(visitor) && is_wanted()) round.end_with(number);
  }
}

// Whether it is not known beforehand that the schedule comes to where another one with a lower number has been.
bool Searcher::departs(VisitedStates::Visitor& visitor) const {
  if (number_ == 0) return true;
  const Target target = schedules_.branch(number_).target;
  if (!target.is_known()) return true;
  if (target.is_state()) return visitor.owner(target.digest) > number_;
  return visitor.come(target.digest, number_) > number_;
}

// Runs on to the end, or to a state that is known; returns whether nothing breaks.
bool Searcher::explore(VisitedStates::Visitor& visitor) {
  Target foreseen = number_ == 0 ? Target() : schedules_.branch(number_).target;
  bool over = simulation_.proceed();
  while (!over && !breaks()) {
    const std::uint64_t here = Simulation::can_save ? state(std::exchange(foreseen, {})) : 0;
    if (comes_to_new_state(here, visitor)) {
      branch();
    } else if (goes_round(here)) {
      schedule_.pause_no_more();
    } else {
      return true;
    }
    schedule_.go_on();
    over = simulation_.proceed();
  }
  if (over) tell_of_end();
  return !breaks();
}

bool Searcher::is_wanted() const {
  if (!settings_.wanted && settings_.code.preemptible == nullptr) return true;
  const Report report = judged(simulation_.engine(), program_, settings_, path_).report;
  const bool breaks = !(report.broken() & settings_.oracles).empty();
  if (settings_.wanted) return breaks && settings_.wanted(report);
  // What breaks in a search does so when its text is run, or the search would go on without what follows.
  SHOOTDOWN_CHECK(breaks);
  return true;
}

void Searcher::tell_of_end() {
  if (settings_.observer == nullptr || !Simulation::can_save) return;
  histories_.clear();
  settings_.observer->ends(world_.of(simulation_));
}

bool Searcher::comes_to_new_state(std::uint64_t here, VisitedStates::Visitor& visitor) {
  const bool is_new = !settings_.merges || takes(here, visitor);
  if (is_new) notes_.push_back({.schedule = number_, .branches = 0, .state = here});
  if (settings_.observer != nullptr) settings_.observer->comes_to(here, is_new, path_, schedule_.decision());
  return is_new;
}

// Whether the run has come there before and so, as nothing else happens to it, will for ever. Of all that come to such
// states the schedule with the lowest number sees that; and how many steps a run may have decides what it breaks.
bool Searcher::goes_round(std::uint64_t here) const {
  if (!settings_.oracles.contains(OracleId::progress)) return false;
  const auto is_of_run = [this](const Note& note) { return note.schedule == number_; };
  const auto run = std::views::reverse(notes_) | std::views::take_while(is_of_run);
  return std::ranges::find(run, here, &Note::state) != run.end();
}

// Whether no schedule with a lower number, and not this one either, has come there.
bool Searcher::takes(std::uint64_t state, VisitedStates::Visitor& visitor) {
  const VisitedStates::Number before = visitor.come(state, number_);
  if (before <= number_) return false;
  if (before != VisitedStates::nobody && (losers_.empty() || losers_.back() != before)) losers_.push_back(before);
  return true;
}

void Searcher::clear_notes() {
  notes_.clear();
  branches_.clear();
  losers_.clear();
}

std::size_t Searcher::bytes() const {
  return trail_.bytes() + notes_.capacity() * sizeof(Note) + branches_.capacity() * sizeof(Branch);
}

std::uint64_t Searcher::fingerprint() {
  trail_.follow({});
  std::uint64_t sum = 0;
  while (!simulation_.proceed()) {
    sum += 1 + (Simulation::can_save ? state() : 0);
    schedule_.go_on();
  }
  return sum;
}

namespace {

// What it has looked at without a step may be in what it is about to do.
std::uint64_t with(const StepPoint& next, std::uint64_t digest) {
  const std::array<std::uint64_t, 2> parts{next.kind, next.subject};
  digest = XXH3_64bits_withSeed(parts.data(), sizeof parts, digest);
  return next.event == nullptr ? digest : XXH3_64bits_withSeed(next.event, next.facts * sizeof(Fact), digest);
}

// Digests of states that are the same but for who runs differ in this, so that no two are the same and all lie beside each other.
// `departs`: it is none of a state, but of what a CPU departs from.
std::uint64_t who_runs(unsigned turn, int cpu, std::uint64_t steps_to_interrupt, bool departs = false) {
  constexpr int cpu_bits = std::bit_width(unsigned{max_cpus - 1});
  constexpr int steps_bits = std::bit_width(unsigned{max_latency});
  static_assert(1 + cpu_bits + steps_bits + 1 + DeviatingSchedule::turn_bits <= VisitedStates::near_bits);
  SHOOTDOWN_CHECK(steps_to_interrupt <= max_latency);
  std::uint64_t parts = std::uint64_t{turn} << 1U | (departs ? 1U : 0U);
  parts = parts << steps_bits | steps_to_interrupt;
  parts = parts << cpu_bits | static_cast<std::uint64_t>(cpu);
  return parts << 1U;
}

}  // namespace

// Behind deviations it does not matter any more by which one came there. What the code on the CPUs knows (histories_)
// lies in the run's memory.
std::uint64_t Searcher::state() {
  std::uint64_t digest = world_.of(simulation_);
  for (int cpu = 0; cpu < program_.machine.cpus; ++cpu) {
    digest = with(simulation_.next_step(cpu), digest);
    if (simulation_.handles_interrupt(cpu)) digest = with(simulation_.interrupted_step(cpu), digest);
  }
  const int current = schedule_.question().at.cpu;
  const ListedSchedule::Memory order = schedule_.memory(simulation_.handles_interrupt(current));
  const std::array<std::uint64_t, 2> parts{digest, order.operations};
  all_but_who_runs_ = XXH3_64bits_withSeed(parts.data(), sizeof parts, settings_.seed);
  return Target::state(all_but_who_runs_ ^ who_runs(order.turn, current, simulation_.steps_to_interrupt())).digest;
}

// If it was foreseen, it need not be found out; but whoever observes the states sees that it is the same.
std::uint64_t Searcher::state(Target foreseen) {
  if (foreseen.is_state() && settings_.observer == nullptr) {
    const int current = schedule_.question().at.cpu;
    const unsigned turn = schedule_.memory(simulation_.handles_interrupt(current)).turn;
    all_but_who_runs_ = foreseen.digest ^ who_runs(turn, current, simulation_.steps_to_interrupt());
    return foreseen.digest;
  }
  const std::uint64_t found = state();
  SHOOTDOWN_CHECK(!foreseen.is_state() || found == foreseen.digest);
  return found;
}

// What it comes to when another CPU is let run here: a state, if that CPU makes a step next. It does something else
// first if it takes an interrupt, or has waited for something without a step to make.
Target Searcher::foreseen(const Choice& choice) const {
  const Question& question = schedule_.question();
  if (!settings_.merges || !settings_.foresees || choice.cpu == question.at.cpu) return {};
  const bool is_interrupted = choice.latency == 0 && (question.interrupted & cpu_bit(choice.cpu)) != 0;
  const bool is_before_step = simulation_.next_step(choice.cpu).event != nullptr;
  const unsigned turn = schedule_.turn_behind(choice);
  if (!is_interrupted && is_before_step)
    return Target::state(all_but_who_runs_ ^ who_runs(turn, choice.cpu, choice.latency));
  return Target::departure(all_but_who_runs_ ^ who_runs(turn, choice.cpu, choice.latency, true));
}

// Nothing can be tied to the last sync, in which only one CPU is left.
void Searcher::branch() {
  if (schedule_.question().at.operation < 0) return;
  branch_to_others();
  branch_to_hardware();
}

// CPUs that are let run and suspended without a step come to states that were there before. Without merging they would take turns for ever.
void Searcher::branch_to_others() {
  const Question& question = schedule_.question();
  const Choice usual = schedule_.usual();
  const CpuMask tried = settings_.merges ? CpuMask{0} : schedule_.let_run();
  for (unsigned rest = question.runnable & ~tried; rest != 0; rest &= rest - 1) {
    const int cpu = std::countr_zero(rest);
    Choice choice = run_next(cpu);
    if (choice != usual && settings_.freedoms.contains(Freedom::preempt)) branch_to(choice, foreseen(choice));
    const bool can_be_late = cpu != question.at.cpu && (question.can_put_off & cpu_bit(cpu)) != 0;
    if (!can_be_late || !settings_.freedoms.contains(Freedom::late)) continue;
    for (choice.latency = 1; choice.latency <= max_latency; ++choice.latency) branch_to(choice, foreseen(choice));
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

void Searcher::branch_to_hardware() {
  const Question& question = schedule_.question();
  if (question.occasion != Question::Occasion::step) return;
  const StepPoint next = simulation_.next_step(question.at.cpu);
  const auto cpu = static_cast<std::uint8_t>(question.at.cpu);
  // That the one behind it fails, too, can be decided when it has.
  const bool can_fail = !simulation_.world().will_fail_to_allocate(question.at.cpu);
  if (can_fail && settings_.freedoms.contains(Freedom::fail)) branch_to({.kind = Choice::Kind::fail, .cpu = cpu});
  if (settings_.freedoms.contains(Freedom::evict) && uses_translation.contains(next.kind)) {
    const auto page = static_cast<std::uint16_t>(page_of_mm(next).page);
    branch_to({.kind = Choice::Kind::evict, .cpu = cpu, .page = page});
  }
  if (settings_.freedoms.contains(Freedom::fill)) branch_to_fills(next);
}

// The hardware of each CPU may load what is about to be looked at, or changed, or goes; and may go to a page table that is none any
// more.
void Searcher::branch_to_fills(const StepPoint& next) {
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

void Searcher::branch_to(const Choice& choice, Target target) {
  if (exceptions_ == settings_.exceptions) {
    beyond_bound_ = true;
    return;
  }
  branches_.push_back(
      {.parent = number_, .deviation = {.decision = schedule_.decision(), .choice = choice}, .target = target});
  ++notes_.back().branches;
}

}  // namespace shootdown
