// Runs a program under every schedule with few preemptions.
//
// Usage: preemptions [--every-access] [--engine NAME] MOST FILE...
//
// A preemption is that another CPU comes to run where the running one could go on. Who comes to run when it cannot, and when
// the run begins, is no preemption: all are tried. What the hardware may do besides,
// dropping and loading translations, is not; nor is the schedule of the file.
//
// On Linux's own code an access to memory is a step if it is at a place that, in this program, other CPUs can see
// (visible_places.h): it begins with none, and begins again whenever a run has shown one more. With --every-access each
// access is one; the final states and what breaks must be the same.
//
// Prints for each file and each engine, or that which is named, that can run it how many schedules there are, how many of them break what, and how
// many final states they have: what was loaded, and what the disk holds.
//
// Exit status: 0; 1 an error; 2 bad usage.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/check.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/prove/visible_places.h"
#include "fuzz/replay/replay.h"

namespace {

using namespace shootdown;

// Takes a way through the tree of choices at each run, the next one each time, until there is none.
class EveryWay final : public Chooser {
 public:
  explicit EveryWay(int most) : most_(most) {}

  // Goes on to the next schedule; returns whether there is one.
  bool advance() {
    while (!way_.empty() && way_.back().taken + 1 == way_.back().options) way_.pop_back();
    if (way_.empty()) return false;
    ++way_.back().taken;
    return true;
  }

  void begin(int /*cpus*/) override {
    at_ = 0;
    preemptions_ = 0;
    asked_at_ = never;
  }
  std::uint64_t next_question(const Position& position) override {
    if (preemptions_ == most_) return never;
    return position.total == asked_at_ ? position.total + 1 : position.total;
  }
  Choice choose(const Question& question) override {
    const bool can_go_on = question.occasion == Question::Occasion::step;
    asked_at_ = question.at.total;
    if (can_go_on && preemptions_ == most_) return run_next(question.at.cpu);
    // The running CPU first, then the others in their order.
    std::vector<int>& cpus = options_;
    cpus.clear();
    if (can_go_on) cpus.push_back(question.at.cpu);
    for (int cpu = 0; cpu < max_cpus; ++cpu) {
      const bool comes_first = can_go_on && cpu == question.at.cpu;
      if (question.can_run(cpu) && !comes_first) cpus.push_back(cpu);
    }
    const int cpu = cpus[take(cpus.size())];
    if (can_go_on && cpu != question.at.cpu) ++preemptions_;
    return run_next(cpu);
  }
  bool may_run(int /*cpu*/, int /*current*/) override { return false; }
  void interrupt_taken() override {}

 private:
  struct Point {
    std::size_t options;
    std::size_t taken;
  };

  std::size_t take(std::size_t options) {
    if (at_ == way_.size()) way_.push_back({options, 0});
    SHOOTDOWN_CHECK(way_[at_].options == options);
    return way_[at_++].taken;
  }

  int most_;
  int preemptions_ = 0;
  std::uint64_t asked_at_ = never;  // before which step
  std::size_t at_ = 0;
  std::vector<Point> way_;
  std::vector<int> options_;
};

// What is left of a run: what was loaded, and what the disk holds.
class FinalState final : public Observer {
 public:
  std::uint64_t digest() const { return digest_; }

  EventSet watches() const override {
    return EventSet::of(EventList<event::UserAccess, event::ReadWord, event::RunEnds>{});
  }
  void begin(Arena& /*arena*/, const World& /*world*/) override { digest_ = 0; }
  void happened(const EventView& event, const World& world) override {
    if (event.is<event::UserAccess>() && event.as<event::UserAccess>().store == 0 &&
        event.as<event::UserAccess>().access != Access::fault) {
      mix(event.cpu, event.as<event::UserAccess>().value);
    }
    if (event.is<event::ReadWord>()) mix(event.cpu, event.as<event::ReadWord>().value);
    if (event.is<event::RunEnds>()) mix_disk(world);
  }

 private:
  // Of each CPU by itself: how the CPUs' loads were mixed is not the state.
  void mix(Fact cpu, Fact value) { digest_ += (cpu + 1) * 0x9E3779B97F4A7C15U ^ (value + 1) * 0xD1B54A32D192ED03U; }
  void mix_disk(const World& world) {
    const MachineConfig& machine = world.machine_config();
    for (int file = 0; file < machine.files; ++file) {
      for (int index = 0; index < machine.pages; ++index) {
        for (int word = 0; word < machine.words; ++word) {
          digest_ = (digest_ + world.disk_word(file, index, word) + 1) * 0x9E3779B97F4A7C15U;
        }
      }
    }
  }

  std::uint64_t digest_ = 0;
};

// Which places of Linux's code are steps: those that are visible in this program, from none on.
class Steps {
 public:
  explicit Steps(bool every_access)
      : every_access_(every_access),
        code_(every_access ? VisibleCode::Listed::invisible : VisibleCode::Listed::visible) {}

  CodeWatch watch() { return {.counters = {}, .visible = &code_, .observer = every_access_ ? nullptr : &places_}; }

  // Returns whether the last run has shown places that were none until now.
  bool take_in_new_ones() {
    if (places_.visible().size() == known_) return false;
    for (const std::size_t place : places_.visible()) code_.list(place);
    known_ = places_.visible().size();
    return true;
  }

 private:
  bool every_access_;
  VisibleCode code_;
  VisiblePlaces places_;
  std::size_t known_ = 0;
};

std::uint64_t digest_of(const std::set<std::uint64_t>& states) {
  std::uint64_t digest = 0;
  for (const std::uint64_t state : states) digest = (digest + state) * 0x9E3779B97F4A7C15U;
  return digest;
}

// All schedules of a program, and what came of them.
struct Explored {
  std::uint64_t schedules = 0;
  std::set<std::uint64_t> states;
  std::map<std::string, std::uint64_t> verdicts;
};

// Nothing: there is a place that others can see, and that was no step; it is one from now on.
std::optional<Explored> explore(Replayer& replayer, const Program& program, int most, Steps& steps) {
  EveryWay way(most);
  FinalState state;
  Explored explored;
  do {
    const RunResult result = replayer.run(program, &state, &way);
    if (steps.take_in_new_ones()) return {};
    ++explored.schedules;
    explored.states.insert(state.digest());
    ++explored.verdicts[result.broken.empty() ? "nothing" : names_of(result.broken)];
  } while (way.advance());
  return explored;
}

void explore(const Engine& engine, const Input& input, int most, bool every_access) {
  Replayer replayer(engine);
  Steps steps(every_access);
  replayer.watch_code(steps.watch());
  std::optional<Explored> explored;
  while (!explored) explored = explore(replayer, input.document.program, most, steps);
  fmt::print("{}: {}: {} schedules with at most {} preemptions, {} final states {:016x}\n", input.name, engine.name(),
             explored->schedules, most, explored->states.size(), digest_of(explored->states));
  for (const auto& [broken, count] : explored->verdicts) fmt::print("{:>10} break {}\n", count, broken);
  std::fflush(stdout);
}

bool explore_all(const CountAndFiles& inputs, bool every_access) {
  for (const Input& input : inputs.files) {
    for (const Engine* const engine : inputs.engines) {
      if (!engine->refusal(input.document.program).empty()) continue;
      explore(*engine, input, static_cast<int>(inputs.count), every_access);
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--every-access") {
    return run_count_and_files(argc - 1, argv + 1, "preemptions",
                               [](const CountAndFiles& inputs) { return explore_all(inputs, true); });
  }
  return run_count_and_files(argc, argv, "preemptions",
                             [](const CountAndFiles& inputs) { return explore_all(inputs, false); });
}
