// Runs programs on an engine: one world after the other.
//
// Owns what outlives runs: the memory that each run's world is laid out in, and the
// CPUs' fibers. A world is all that a run changes: the kernel, its machine, the
// scheduler, the oracles, a chooser that the program asks for. It is made when the
// run begins, from nothing, and stays to be looked at until the next one begins.
//
// A run that is paused, before any of its steps, can be saved and, as often as one
// likes, gone back to. What lies outside of the world, as a trace and a chooser of the caller's
// own, does not go back with it. Not with sanitizers (can_save).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

#include "engine/arena.h"
#include "engine/run/engine.h"
#include "engine/sched/cpu_fibers.h"
#include "engine/sched/step_counts.h"

namespace shootdown {

// An engine was to run a program that it refuses. Says "NAME cannot run it: WHY".
class RefusedProgram final : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Simulation {
 public:
  // `engine` makes the kernels; `observer` is told what it watches. Both must outlive the simulation.
  Simulation(const Engine& engine, Observer& observer) : engine_(engine), observer_(observer) {}
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  // A run that is under way is cut off, so that what its CPUs did comes before their end.
  ~Simulation() { abandon(); }

  // Runs a program to its end; `trace`, which may be null, observes it, too; `chooser`, if any, makes the choices in
  // place of the program's schedule.
  Outcome run(const Program& program, Observer* trace = nullptr, Chooser* chooser = nullptr);

  // The same in parts. A run that is under way is cut off. `program` must outlive the run. Throws RefusedProgram if the
  // engine refuses it; then nothing has changed.
  void begin(const Program& program, Observer* trace = nullptr, Chooser* chooser = nullptr);
  void begin(const Program&& program, Observer* trace = nullptr, Chooser* chooser = nullptr) = delete;
  // Until the run is over (true); or until the chooser pauses it, or `until` steps have been made and a CPU is before the
  // next.
  bool proceed(std::uint64_t until = Chooser::never);

  // Runs the operations of a program in the order of the list, to count their steps. Nobody is told of that run.
  StepCounts count_steps(const Program& program);

  // --- the run that was begun last ---

  const Engine& engine() const { return engine_; }
  // How it ended, if it has.
  Outcome outcome() const { return run_->sched.outcome(); }
  // A digest of all that happened.
  std::uint64_t hash() const { return run_->sched.hash(); }
  std::uint64_t steps() const { return run_->sched.steps(); }
  // Of a run that is paused: what a CPU is about to do, or waits for.
  StepPoint next_step(int cpu) const { return run_->sched.waits_for(cpu); }
  // Steps that the CPU that runs makes before it takes the interrupt that it has put off; 0: it has put off none.
  std::uint64_t steps_to_interrupt() const { return run_->sched.steps_to_interrupt(); }
  const World& world() const { return run_->world(); }
  // Whether it is in the handler of an interrupt, also while the run goes on; and what it does after that.
  bool handles_interrupt(int cpu) const { return run_->sched.handles_interrupt(cpu); }
  StepPoint interrupted_step(int cpu) const { return run_->sched.interrupted(cpu); }
  // Whether the place was reached where the mistake is made.
  bool defect_reached() const { return run_->defect_reached.load(std::memory_order_relaxed); }

  // Of a run that is paused: calls `part` with pieces of memory (spans of bytes) that hold all there is but which CPU runs, and for
  // how long it has put off its interrupt; and what the code on the CPUs' fibers knows, which is on their stacks.
  template <typename Part>
  void visit_state(Part&& part) const;
  // Where all that a run changes lies, in one process or another: its world, and the stack of each CPU. To some place there, or
  // to what no run changes, point all pointers in a world.
  using Places = std::array<std::span<const std::byte>, 1 + max_cpus>;
  Places places() const;

  // --- going back ---

  class Snapshot {
   public:
    // The world; what stands on the stacks of its CPUs; and what the kernel keeps elsewhere.
    std::span<const std::byte> world() const { return std::span(bytes_).first(world_); }
    std::span<const std::byte> stacks() const { return std::span(bytes_).subspan(world_, elsewhere_ - world_); }
    std::span<const std::byte> elsewhere() const { return std::span(bytes_).subspan(elsewhere_); }
    std::size_t size() const { return bytes_.size(); }

   private:
    friend class Simulation;
    void add(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

    std::uint64_t run_ = 0;
    std::size_t world_ = 0;
    std::size_t elsewhere_ = 0;
    std::array<std::size_t, max_cpus> stacks_{};
    std::vector<std::span<std::byte>> parts_;  // of what is elsewhere: where they were
    std::vector<std::byte> bytes_;             // the world, the stacks, the parts
  };
  static constexpr bool can_save = Fiber::can_be_restored;
  // The run is under way, and paused or not proceeded yet. Asks for memory only if the snapshot has never been as large.
  void save(Snapshot& snapshot);
  // The snapshot is of this run.
  void restore(const Snapshot& snapshot);

  // --- for the runs to come ---

  // The mistake that is made.
  Defect defect = Defect::none;
  // See Scheduler::count_switches.
  std::uint8_t* switch_counters = nullptr;
  // Of engines whose code was not written for this machine.
  CodeWatch code;

 private:
  void restore_elsewhere(const Snapshot& snapshot);
  void abandon();
  void boot(const Program& program, Observer& observer, Observer* trace, Chooser& chooser);
  Chooser& chooser_of(const Program& program);

  const Engine& engine_;
  Observer& observer_;
  Arena arena_;
  CpuFibers fibers_;
  StepCounts step_counts_;  // of a program whose sampler wants to know them
  Run* run_ = nullptr;
  std::uint64_t runs_ = 0;  // were begun
  bool over_ = true;        // the last one is
};

template <typename Part>
void Simulation::visit_state(Part&& part) const {
  const std::span<const std::byte> world = arena_.used();
  const std::span<const std::byte> tally = run_->sched.tally();
  const std::size_t before = static_cast<std::size_t>(tally.data() - world.data());
  part(world.first(before));
  part(world.subspan(before + tally.size()));
  const std::uint64_t timers = run_->sched.timers();
  part(std::as_bytes(std::span(&timers, 1)));
  run_->visit_memory([&](std::span<const std::byte> elsewhere) { part(elsewhere); });
}

}  // namespace shootdown
