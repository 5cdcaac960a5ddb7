// How fast runs are. Compare figures within one run of this program only.
//
//   race/ENGINE                 the target function on the three-CPU race, judged by all oracles
//   race_every_access/ENGINE    the same with every access to memory a step, of Linux's own code
//   empty_program/ENGINE        a run without operations: making the world, and tearing down an mm
//   empty_large_program/ENGINE  the same with a large machine
//   save, restore               of the race's world, in the middle of the race
//   decode                      decoding the race
//   empty_function              calling a target that does nothing
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/race.h"
#include "engine/run/code.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "test/programs.h"

namespace {

using namespace shootdown;

// What a fuzz target does with an input, without the fuzzer.
class Target {
 public:
  explicit Target(const Engine& engine) : bench_(engine) {}

  void make_every_access_a_step() { bench_.simulation().code.visible = &every_access_; }

  bool run(const std::vector<std::uint8_t>& input) {
    decode(input, program_);
    bench_.run(program_);
    return bench_.holds();
  }
  std::uint64_t steps() { return bench_.simulation().steps(); }

 private:
  TestBench bench_;
  VisibleCode every_access_{VisibleCode::Listed::invisible};
  Program program_;
};

void empty_function(benchmark::State& state) {
  const std::vector<std::uint8_t> input = encoded_race();
  const auto function = [](const std::uint8_t* /*data*/, std::size_t /*size*/) { return 0; };
  int (*volatile target)(const std::uint8_t*, std::size_t) = function;
  for (auto _ : state) benchmark::DoNotOptimize(target(input.data(), input.size()));
}
BENCHMARK(empty_function);

void decode_race(benchmark::State& state) {
  const std::vector<std::uint8_t> input = encoded_race();
  Program program;
  for (auto _ : state) {
    decode(input, program);
    benchmark::DoNotOptimize(program);
  }
}
BENCHMARK(decode_race)->Name("decode");

// The race, paused in its middle, and a snapshot of it.
class Middle {
 public:
  Middle() : bench_(*find_engine("eager_dirty")) {
    decode(encoded_race(), program_);
    bench_.run(program_);
    const std::uint64_t steps = bench_.simulation().steps();
    bench_.simulation().begin(program_);
    bench_.simulation().proceed(steps / 2);
    save();
  }
  void save() { bench_.simulation().save(snapshot_); }
  void restore() { bench_.simulation().restore(snapshot_); }
  void report(benchmark::State& state) const {
    state.counters["world"] = static_cast<double>(snapshot_.world().size());
    state.counters["stacks"] = static_cast<double>(snapshot_.stacks().size());
  }

 private:
  Program program_;
  TestBench bench_;
  Simulation::Snapshot snapshot_;
};

void save_race(benchmark::State& state) {
  Middle middle;
  for (auto _ : state) middle.save();
  middle.report(state);
}
BENCHMARK(save_race)->Name("save");

void restore_race(benchmark::State& state) {
  Middle middle;
  for (auto _ : state) middle.restore();
  middle.report(state);
}
BENCHMARK(restore_race)->Name("restore");

void run_input(benchmark::State& state, Target& target, const std::vector<std::uint8_t>& input) {
  std::uint64_t steps = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(target.run(input));
    steps += target.steps();
  }
  state.counters["steps/run"] = static_cast<double>(target.steps());
  state.counters["steps/s"] = benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
  state.counters["runs/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// Not what the engine cannot run.
void register_run(const std::string& name, const Engine& engine, const std::vector<std::uint8_t>& input) {
  Program program;
  decode(input, program);
  if (!engine.refusal(program).empty()) return;
  benchmark::RegisterBenchmark(fmt::format("{}/{}", name, engine.name()).c_str(), [&engine, input](auto& state) {
    Target target(engine);
    run_input(state, target, input);
  });
}

void register_engine(const Engine& engine) {
  register_run("race", engine, encoded_race());
  if (is_optional_engine(engine.name())) {
    benchmark::RegisterBenchmark(fmt::format("race_every_access/{}", engine.name()).c_str(), [&engine](auto& state) {
      Target target(engine);
      target.make_every_access_a_step();
      run_input(state, target, encoded_race());
    });
  }
  register_run("empty_program", engine, {});
  ProgramBuilder large;
  large.machine(&MachineConfig::pages, max_file_pages).machine(&MachineConfig::cpus, 8);
  register_run("empty_large_program", engine, encode(large.program()));
}

}  // namespace

int main(int argc, char** argv) {
  for (const Engine* const engine : all_engines()) register_engine(*engine);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
