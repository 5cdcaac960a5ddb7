// Helpers for tests: an engine whose kernel keeps its memory elsewhere than in the arena, and says what it accesses of it.
//
// `dontneed` of page 0 counts what its CPU has done so; of another page it writes down that CPU, behind those who came before: so the
// order makes a difference in the one case and none in the other. Each does so three times, a step each, at a place of its own.
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
  // Where it accesses memory that each CPU has for itself, and memory that all have.
  static constexpr std::size_t counts_place = 1;
  static constexpr std::size_t order_place = 2;

  // Of the run that was begun last. What is written is in use up to `written`, and behind it is zeros.
  struct Memory {
    std::array<std::uint64_t, max_cpus> counts{};
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
    ElsewhereRun(const RunSetup& setup, const World& world, Memory& memory)
        : Run(setup, world), code_(setup.code), memory_(memory) {
      if (code_.observer != nullptr) code_.observer->begin_accesses(setup.arena);
    }

    void visit_memory(const MemoryVisitor& visit) const override {
      visit(std::as_writable_bytes(std::span(&memory_.counts, 1)));
      visit(std::as_writable_bytes(std::span(&memory_.written, 1)));
      visit(std::span(memory_.order).first(memory_.written));
    }

   private:
    std::uint64_t step_limit(const Program& /*program*/) const override { return 1000; }
    void begin_operation(int /*cpu*/) override {}
    void run_operation(int cpu, const Operation& operation) override {
      std::uint64_t& count = memory_.counts.at(static_cast<std::size_t>(cpu));
      for (int time = 0; time < times; ++time) {
        if (operation.operands[0].value == 0) {
          step(cpu, time, &count, counts_place);
          ++count;
        } else {
          step(cpu, time, &memory_.written, order_place);
          sched.mix(static_cast<std::uint64_t>(cpu));
          memory_.order.at(memory_.written++) = static_cast<std::byte>(cpu + 1);
        }
      }
    }
    // Before a write of a word.
    void step(int cpu, int time, const void* word, std::size_t place) {
      if (code_.preemptible == nullptr || (*code_.preemptible)(place)) {
        sched.step({.kind = 0xFF, .subject = static_cast<Fact>(time)});
      } else {
        sched.record();
      }
      if (code_.observer == nullptr) return;
      code_.observer->accessed({.cpu = cpu,
                                .agent = Agent::thread,
                                .takes_interrupts = true,
                                .address = reinterpret_cast<std::uintptr_t>(word),
                                .size = sizeof(std::uint64_t),
                                .writes = true,
                                .place = place});
    }
    bool has_exited(int /*cpu*/) const override { return false; }
    void exit_thread(int /*cpu*/) override { sched.step({.kind = 0xFF}); }
    void finish(int /*cpu*/) override {}
    bool interrupt(int /*cpu*/) override { return false; }
    void disturb(const Choice& /*choice*/) override {}

    CodeWatch code_;
    Memory& memory_;
  };

  TestWorld world_;
  mutable Memory memory_;
};

}  // namespace shootdown
