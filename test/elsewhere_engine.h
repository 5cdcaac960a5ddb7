// Helpers for tests: an engine whose kernel keeps its memory elsewhere than in the arena.
//
// `dontneed` of page 0 counts what its CPU has done so; of another page it writes down that CPU, behind those who came before: so the
// order makes a difference in the one case and none in the other. Each does so three times, a step each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/run/engine.h"
#include "test/world.h"

namespace shootdown {

class ElsewhereEngine final : public Engine {
 public:
  static constexpr int times = 3;

  // Of the run that was begun last. What is written is in use up to `written`, and behind it is zeros.
  struct Memory {
    std::array<std::byte, max_cpus> counts{};
    std::size_t written = 0;
    std::array<std::byte, 64> order{};
  };

  ElsewhereEngine() {
    world_.sent = EventSet::of(EventList<event::RunBegins, event::RunEnds, event::OperationBegins>{});
  }

  std::string_view name() const override { return "elsewhere"; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }
  EventSet sends() const override { return world_.sent; }
  Run& boot(const RunSetup& setup) const override {
    memory_ = {};
    return setup.arena.make<ElsewhereRun>(setup, world_, memory_);
  }

  const Memory& memory() const { return memory_; }

 private:
  class ElsewhereRun final : public Run {
   public:
    ElsewhereRun(const RunSetup& setup, const World& world, Memory& memory) : Run(setup, world), memory_(memory) {}

    void visit_memory(const MemoryVisitor& visit) const override {
      visit(std::as_writable_bytes(std::span(&memory_.counts, 1)));
      visit(std::as_writable_bytes(std::span(&memory_.written, 1)));
      visit(std::span(memory_.order).first(memory_.written));
    }

   private:
    std::uint64_t step_limit(const Program& /*program*/) const override { return 1000; }
    void begin_operation(int /*cpu*/) override {}
    void run_operation(int cpu, const Operation& operation) override {
      for (int time = 0; time < times; ++time) {
        sched.step({.kind = 0xFF, .subject = static_cast<Fact>(time)});
        if (operation.operands[0].value == 0) {
          memory_.counts.at(static_cast<std::size_t>(cpu)) = static_cast<std::byte>(time + 1);
        } else {
          sched.mix(static_cast<std::uint64_t>(cpu));
          memory_.order.at(memory_.written++) = static_cast<std::byte>(cpu + 1);
        }
      }
    }
    bool has_exited(int /*cpu*/) const override { return false; }
    void exit_thread(int /*cpu*/) override { sched.step({.kind = 0xFF}); }
    void finish(int /*cpu*/) override {}
    bool interrupt(int /*cpu*/) override { return false; }
    void disturb(const Choice& /*choice*/) override {}

    Memory& memory_;
  };

  TestWorld world_;
  mutable Memory memory_;
};

}  // namespace shootdown
