#include "engine/run/simulation.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "engine/check.h"
#include "engine/sched/listed_schedule.h"
#include "engine/sched/sampler.h"

namespace shootdown {

Outcome Simulation::run(const Program& program, Observer* trace, Chooser* chooser) {
  begin(program, trace, chooser);
  SHOOTDOWN_CHECK(proceed());
  return outcome();
}

void Simulation::begin(const Program& program, Observer* trace, Chooser* chooser) {
  if (const std::string why = engine_.refusal(program); !why.empty())
    throw RefusedProgram(std::string(engine_.name()) + " cannot run it: " + why);
  if (chooser == nullptr && sampler_of(program.machine) == Sampler::surw) step_counts_ = count_steps(program);
  abandon();
  arena_.clear();
  boot(program, observer_, trace, chooser == nullptr ? chooser_of(program) : *chooser);
  run_->sched.count_switches(switch_counters);
  run_->begin();
}

// Makes the world of a run, in an arena in which there is no more than its chooser.
void Simulation::boot(const Program& program, Observer& observer, Observer* trace, Chooser& chooser) {
  run_ = &engine_.boot({.arena = arena_,
                        .fibers = fibers_,
                        .program = program,
                        .defect = defect,
                        .observer = observer,
                        .trace = trace,
                        .chooser = chooser,
                        .code = code});
  ++runs_;
  over_ = false;
}

Chooser& Simulation::chooser_of(const Program& program) {
  if (sampler_of(program.machine) == Sampler::none) return arena_.make<ListedChooser>(program);
  return make_sampler(program.machine, step_counts_,
                      [&]<typename C>(const auto&... arguments) -> Chooser& { return arena_.make<C>(arguments...); });
}

StepCounts Simulation::count_steps(const Program& program) {
  StepCounter counter;
  abandon();
  arena_.clear();
  boot(program, counter, nullptr, arena_.make<ListedChooser>(program, false));
  run_->begin();
  SHOOTDOWN_CHECK(proceed());
  return counter.counts();
}

bool Simulation::proceed(std::uint64_t until) {
  SHOOTDOWN_CHECK(!over_);
  over_ = run_->proceed(until);
  return over_;
}

void Simulation::abandon() {
  if (over_) return;
  run_->sched.abandon();
  over_ = true;
}

Simulation::Places Simulation::places() const {
  Places places{arena_.place()};
  for (int cpu = 0; cpu < max_cpus; ++cpu) places[1 + static_cast<std::size_t>(cpu)] = fibers_.of(cpu).stack();
  return places;
}

void Simulation::save(Snapshot& snapshot) {
  SHOOTDOWN_CHECK(!over_);
  snapshot.run_ = runs_;
  snapshot.bytes_.clear();
  snapshot.add(arena_.used());
  snapshot.world_ = snapshot.size();
  for (int cpu = 0; cpu < run_->config.cpus; ++cpu) {
    const std::span<const std::byte> live = fibers_.of(cpu).live();
    snapshot.stacks_[static_cast<std::size_t>(cpu)] = live.size();
    snapshot.add(live);
  }
  snapshot.elsewhere_ = snapshot.size();
  snapshot.parts_.clear();
  run_->visit_memory([&](std::span<std::byte> part) {
    snapshot.parts_.push_back(part);
    snapshot.add(part);
  });
}

void Simulation::restore(const Snapshot& snapshot) {
  SHOOTDOWN_CHECK(snapshot.run_ == runs_);
  restore_elsewhere(snapshot);
  arena_.restore(snapshot.world());
  std::span<const std::byte> stacks = snapshot.stacks();
  for (int cpu = 0; cpu < run_->config.cpus; ++cpu) {
    const std::size_t live = snapshot.stacks_[static_cast<std::size_t>(cpu)];
    fibers_.of(cpu).restore(stacks.first(live));
    stacks = stacks.subspan(live);
  }
  over_ = false;
}

namespace {

void clear(std::byte* begin, std::byte* end) {
  if (begin < end) std::memset(begin, 0, static_cast<std::size_t>(end - begin));
}

}  // namespace

// While the arena still says how far the parts have grown since.
void Simulation::restore_elsewhere(const Snapshot& snapshot) {
  std::span<const std::byte> bytes = snapshot.elsewhere();
  auto was = snapshot.parts_.begin();
  run_->visit_memory([&](std::span<std::byte> now) {
    clear(now.data(), was->data());
    clear(was->data() + was->size(), now.data() + now.size());
    ++was;
  });
  for (const std::span<std::byte> part : snapshot.parts_) {
    std::ranges::copy(bytes.first(part.size()), part.begin());
    bytes = bytes.subspan(part.size());
  }
}

}  // namespace shootdown
