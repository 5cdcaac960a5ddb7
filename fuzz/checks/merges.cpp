// Checks that states which a search takes for the same are the same.
//
// Usage: merges [--engine NAME] COUNT FILE...
//
// Searches the schedules of each file on each engine, up to a bound of exceptions and states. Of the states that are reached
// in more than one way some are picked: from there, both ways are gone on with, once as the list of the program says and COUNT times
// under choices that are drawn, the same for both. Whatever happens then must be the same, event by event and to the verdict.
//
// Exit status: 0; 1 two states that were taken for the same are not; 2 bad usage.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/events/event.h"
#include "engine/events/names.h"
#include "engine/run/simulation.h"
#include "engine/sched/random.h"
#include "engine/sched/schedule_recorder.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/language/text.h"
#include "fuzz/prove/explorer.h"
#include "fuzz/replay/record.h"
#include "fuzz/replay/replay.h"
#include "oracles/judge.h"

namespace {

using namespace shootdown;

// A way to a state.
struct Way {
  std::vector<Deviation> path;
  std::uint32_t decision = 0;
};

// Goes a way, and on from there as the list says, or by choices that are drawn: mostly whoever runs goes on.
class GoesOn final : public Chooser {
 public:
  // Without a seed as the list says.
  GoesOn(const Program& program, const Way& way, std::optional<std::uint64_t> seed)
      : schedule_(program), decision_(way.decision) {
    schedule_.deviate(way.path);
    if (seed.has_value()) random_.emplace(*seed);
  }

  bool is_there() const { return there_; }

  void begin(int cpus) override { schedule_.begin(cpus); }
  std::uint64_t next_question(const Position& position) override {
    if (!is_drawn()) return schedule_.next_question(position);
    return position.total == answered_ ? position.total + 1 : position.total;
  }
  Choice choose(const Question& question) override {
    there_ = there_ || (question.occasion != Question::Occasion::begin && schedule_.decision() == decision_);
    if (!is_drawn()) return schedule_.choose(question);
    answered_ = question.at.total;
    const bool goes_on = random_->below(4) != 0 && question.can_run(question.at.cpu);
    return run_next(goes_on ? question.at.cpu : any_bit(question.runnable, *random_));
  }
  bool may_run(int cpu, int current) override { return schedule_.may_run(cpu, current); }
  void interrupt_taken() override { schedule_.interrupt_taken(); }

 private:
  bool is_drawn() const { return there_ && random_.has_value(); }

  DeviatingSchedule schedule_;
  std::uint32_t decision_;
  std::optional<SplitMix64> random_;
  bool there_ = false;
  std::uint64_t answered_ = never;
};

// What happens behind a state, event by event.
class WhatFollows final : public Observer {
 public:
  explicit WhatFollows(const GoesOn& goes_on) : goes_on_(goes_on) {}

  const std::vector<AnyEvent>& events() const { return events_; }

  EventSet watches() const override { return EventSet::all(); }
  void happened(const EventView& event, const World& /*world*/) override {
    if (!goes_on_.is_there()) return;
    events_.emplace_back(event);
    events_.back().step = 0;
  }

 private:
  const GoesOn& goes_on_;
  std::vector<AnyEvent> events_;
};

class MergeCheck final : public StateObserver {
 public:
  MergeCheck(const Engine& engine, std::string name, std::uint64_t count)
      : name_(std::move(name)), count_(count), oracles_(claims_of(engine)), simulation_(engine, judge_) {}

  void search(const Program& program) {
    constexpr int exceptions = 3;
    constexpr std::uint64_t most_runs = 500;
    ExplorerSettings settings{.oracles = oracles_, .exceptions = exceptions, .foresees = false, .observer = this};
    for (const FreedomInfo& info : all_freedoms) settings.freedoms.insert(info.freedom);
    Explorer explorer(simulation_.engine(), program, settings);
    program_ = &explorer.program();
    explorer.search(most_runs);
    states_ = explorer.states();
  }

  std::uint64_t states() const { return states_; }
  std::uint64_t merges() const { return merges_; }
  bool good() const { return good_; }

  void comes_to(std::uint64_t state, bool is_new, const std::vector<Deviation>& path, std::uint32_t decision) override {
    constexpr std::uint64_t one_in = 4;
    const Way way{.path = path, .decision = decision};
    // By their number, which is the same in every process, as digests are not.
    if (is_new && number_++ % one_in == 0) ways_.emplace(state, way);
    const auto first = ways_.find(state);
    if (is_new || first == ways_.end() || checked_[state]++ >= 4 || !good_) return;
    ++merges_;
    compare(first->second, way, std::nullopt);
    for (std::uint64_t seed = 1; seed <= count_; ++seed) compare(first->second, way, seed);
  }

 private:
  struct Future {
    std::vector<AnyEvent> events;
    Outcome outcome;
    OracleSet broken;
  };

  Future follow(const Way& way, std::optional<std::uint64_t> seed) {
    GoesOn goes_on(*program_, way, seed);
    WhatFollows follows(goes_on);
    const Outcome outcome = simulation_.run(*program_, &follows, &goes_on);
    return {.events = follows.events(), .outcome = outcome, .broken = judge_.broken()};
  }

  void compare(const Way& one, const Way& other, std::optional<std::uint64_t> seed) {
    if (!good_) return;
    const Future first = follow(one, seed);
    const Future second = follow(other, seed);
    const auto same = [](const AnyEvent& a, const AnyEvent& b) {
      return a.kind == b.kind && a.cpu == b.cpu && a.facts == b.facts;
    };
    const auto [here, there] = std::ranges::mismatch(first.events, second.events, same);
    const bool equal = here == first.events.end() && there == second.events.end();
    if (equal && first.outcome == second.outcome && first.broken == second.broken) return;
    good_ = false;
    fmt::print(stderr, "merges: {} on {}: two ways to a state differ behind it, at event {}: {} and {}\n", name_,
               simulation_.engine().name(), here - first.events.begin(),
               here == first.events.end() ? "nothing" : all_event_names[here->kind],
               there == second.events.end() ? "nothing" : all_event_names[there->kind]);
    for (const Way* const way : {&one, &other}) show(*way);
  }

  void show(const Way& way) {
    DeviatingSchedule schedule(*program_);
    schedule.deviate(way.path);
    Replayer replayer(simulation_.engine());
    if (const std::optional<Program> recorded = record(replayer, *program_, schedule))
      fmt::print(stderr, "before decision {} of\n{}", way.decision, print(*recorded));
  }

  std::string name_;
  std::uint64_t count_;
  OracleSet oracles_;  // the others are not asked, and what they know is no part of a state
  Judge judge_{nullptr, oracles_};
  Simulation simulation_;
  const Program* program_ = nullptr;
  std::unordered_map<std::uint64_t, Way> ways_;
  std::unordered_map<std::uint64_t, int> checked_;
  std::uint64_t number_ = 0;  // of states so far
  std::uint64_t states_ = 0;
  std::uint64_t merges_ = 0;
  bool good_ = true;
};

bool check_merges(const CountAndFiles& inputs) {
  bool good = true;
  for (const Engine* const engine : inputs.engines) {
    std::uint64_t states = 0;
    std::uint64_t merges = 0;
    for (const Input& input : inputs.files) {
      const Program& program = input.document.program;
      // The larger ones have nothing that small ones have not, but of everything more.
      constexpr int most_pages = 8;
      if (!engine->refusal(program).empty() || !can_record(program) || program.machine.pages > most_pages) continue;
      MergeCheck check(*engine, input.name, inputs.count);
      check.search(program);
      states += check.states();
      merges += check.merges();
      good = good && check.good();
    }
    fmt::print("{}: {} states, {} that were reached in two ways were followed {} times each\n", engine->name(), states,
               merges, 1 + inputs.count);
    std::fflush(stdout);
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (!Simulation::can_save) {
    std::puts("merges: not with sanitizers");
    return 0;
  }
  return run_count_and_files(argc, argv, "merges", check_merges);
}
