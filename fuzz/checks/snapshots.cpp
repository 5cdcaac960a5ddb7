// Goes back to a random place of many runs, and checks that each makes the same run from there again.
//
// Usage: snapshots [--engine NAME] COUNT FILE...
//
// The inputs are the given files, encoded or text, and COUNT pseudo-random ones. Each runs to its end on every engine;
// then it is run up to a random step, saved, run to its end, put back, and run to its end once more. All three times it
// must have the same hash, the same outcome and the same verdict, and the facts that are broken must be the same; and in
// between the world must have been what it was, to the byte.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/run/simulation.h"
#include "engine/sched/random.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/checks/random_programs.h"
#include "oracles/judge.h"

namespace {

using namespace shootdown;

class SnapshotCheck {
 public:
  explicit SnapshotCheck(const Engine& engine) : simulation_(engine, judge_) {}

  void check(const Program& program, const std::string& name, SplitMix64& random) {
    simulation_.run(program);
    const std::string whole = came_to();
    simulation_.begin(program);
    const std::uint64_t at = random.below(last_steps_ + 1);
    // At its last step it is over, and there is nothing to go on with.
    if (simulation_.proceed(at)) return;
    simulation_.save(there_);
    run_on(whole, name, at);
    simulation_.restore(there_);
    simulation_.save(again_);
    const bool is_same = std::ranges::equal(there_.world(), again_.world()) &&
                         std::ranges::equal(there_.elsewhere(), again_.elsewhere());
    if (!is_same) fail(name, at, "is another world when it is put back");
    run_on(whole, name, at);
    world_bytes_ = std::max(world_bytes_, there_.world().size());
    stack_bytes_ = std::max(stack_bytes_, there_.stacks().size());
    elsewhere_bytes_ = std::max(elsewhere_bytes_, there_.elsewhere().size());
  }

  std::size_t world_bytes() const { return world_bytes_; }
  std::size_t stack_bytes() const { return stack_bytes_; }
  std::size_t elsewhere_bytes() const { return elsewhere_bytes_; }

 private:
  // All that can be said of the run that is over.
  std::string came_to() {
    last_steps_ = simulation_.steps();
    std::string text = fmt::format("{:016x} {}", simulation_.hash(), static_cast<Fact>(simulation_.outcome()));
    const Report report = judge_.report();
    for (const OracleInfo& oracle : all_oracles()) {
      if (report.broken().contains(oracle.id))
        text += fmt::format("\n{} {}", report.violation(oracle.id).step, report.violation(oracle.id).fact());
    }
    return text;
  }

  void run_on(const std::string& whole, const std::string& name, std::uint64_t at) {
    simulation_.proceed();
    if (came_to() != whole) fail(name, at, "does not make the same run again");
  }

  [[noreturn]] void fail(const std::string& name, std::uint64_t at, const char* what) {
    fmt::print(stderr, "snapshots: {} on {}, saved at step {}, {}\n", name, simulation_.engine().name(), at, what);
    std::exit(1);
  }

  Judge judge_;
  Simulation simulation_;
  Simulation::Snapshot there_;
  Simulation::Snapshot again_;
  std::uint64_t last_steps_ = 0;
  std::size_t world_bytes_ = 0;
  std::size_t stack_bytes_ = 0;
  std::size_t elsewhere_bytes_ = 0;
};

bool check_snapshots(const CountAndFiles& inputs) {
  for (const Engine* const engine : inputs.engines) {
    SnapshotCheck check(*engine);
    SplitMix64 places(1);
    constexpr int times = 16;
    const RunCount count = each_program(*engine, inputs, times, [&](const Program& program, const std::string& name) {
      check.check(program, name, places);
    });
    fmt::print("{}: {} runs go on as they were; up to {} bytes of world, {} of stacks, {} elsewhere{}\n",
               engine->name(), count.runs, check.world_bytes(), check.stack_bytes(), check.elsewhere_bytes(),
               count.not_possible());
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!Simulation::can_save) {
    std::puts("snapshots: not with sanitizers");
    return 0;
  }
  return run_count_and_files(argc, argv, "snapshots", check_snapshots);
}
