// Says what may be left of a page when a program has ended, and what it takes.
//
// Usage: final_states [--engine NAME] COUNT FILE...
//
// Searches all schedules of each file on each engine with at most COUNT preemptions. For everything that may be left of page 0
// of file 0 then, it prints a line: how the entry of virtual page 0 is, whether the page is dirty, its first word in memory and on
// the disk; and the fewest preemptions with which it is so. What threads do when they end comes behind that. Then it says how many
// states were searched, and with how many preemptions data is lost, by the oracle. ci/check-models compares that with other
// models.
#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "engine/sched/schedule_recorder.h"
#include "fuzz/checks/count_and_files.h"
#include "fuzz/prove/explorer.h"

namespace {

using namespace shootdown;

// What is left of the page.
struct Left {
  int entry;  // 0: none, 1: read-only, 2: writable
  bool dirty;
  Fact memory;
  Fact disk;

  auto operator<=>(const Left&) const = default;
};

// What is left when the last thread comes to its end.
class LastLook final : public Observer {
 public:
  explicit LastLook(const Program& program) : program_(without_schedule(program)) {}

  std::map<Left, int> found;           // and with how few preemptions
  const Explorer* explorer = nullptr;  // whose runs they are

  EventSet watches() const override { return EventSet::of(EventList<event::OperationBegins>{}); }
  void begin(Arena& /*arena*/, const World& world) override { threads_ = world.machine_config().cpus; }
  void happened(const EventView& event, const World& world) override {
    const Fact operation = event.as<event::OperationBegins>().operation;
    if (operation == no_fact || program_.operations[operation].call != Call::exit || --threads_ != 0) return;
    found.emplace(look(world), explorer->exceptions());
  }

 private:
  static Left look(const World& world) {
    const EntryFact entry = world.entry(0, 0);
    Left left{.entry = 0, .dirty = false, .memory = 0, .disk = world.disk_word(0, 0, 0)};
    if (entry.present()) left.entry = entry.write() ? 2 : 1;
    const Fact frame = world.cached_frame(0, 0);
    if (frame == no_fact) return left;
    left.dirty = world.frame_facts(frame).test(PG_dirty);
    left.memory = world.frame_word(frame, 0);
    return left;
  }

  Program program_;
  int threads_ = 0;  // that have not come to their end
};

ExplorerSettings settings_of(std::uint64_t preemptions) {
  ExplorerSettings settings;
  settings.freedoms.insert(Freedom::preempt);
  settings.exceptions = static_cast<int>(preemptions);
  return settings;
}

void search_final_states(const Engine& engine, const Program& program, std::uint64_t preemptions) {
  LastLook look(program);
  ExplorerSettings settings = settings_of(preemptions);
  settings.trace = &look;
  settings.snapshots = false;  // for what it counts is not in the arena
  Explorer explorer(engine, program, settings);
  look.explorer = &explorer;
  explorer.search(~std::uint64_t{0});
  for (const auto& [left, fewest] : look.found) {
    fmt::print("final entry {}, dirty {}, memory {}, disk {}: preemptions {}\n", left.entry, left.dirty ? 1 : 0,
               left.memory, left.disk, fewest);
  }
  fmt::print("{} states\n", explorer.states());
}

void search_loss(const Engine& engine, const Program& program, std::uint64_t preemptions) {
  ExplorerSettings settings = settings_of(preemptions);
  settings.oracles.insert(OracleId::lost_dirty_data);
  Explorer explorer(engine, program, settings);
  const bool breaks = explorer.search(~std::uint64_t{0}) == Explorer::State::broken;
  fmt::print("lost: {}\n", breaks ? fmt::format("preemptions {}", explorer.exceptions()) : "never");
}

bool show_final_states(const CountAndFiles& inputs) {
  for (const Engine* const engine : inputs.engines) {
    for (const Input& input : inputs.files) {
      search_final_states(*engine, input.document.program, inputs.count);
      search_loss(*engine, input.document.program, inputs.count);
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!Simulation::can_save) {
    std::puts("final_states: not with sanitizers");
    return 0;
  }
  return run_count_and_files(argc, argv, "final_states", show_final_states);
}
