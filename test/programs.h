// Helpers for tests: building programs in code, and running them.
#pragma once

#include <cstdint>
#include <span>

#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "engine/run/simulation.h"
#include "oracles/judge.h"

namespace shootdown {

// Builds a program, one operation or exception after the other.
class ProgramBuilder {
 public:
  ProgramBuilder& machine(std::uint16_t MachineConfig::* parameter, int value) {
    program_.machine.*parameter = static_cast<std::uint16_t>(value);
    return *this;
  }

  // `second` is the count of a range, or the second operand.
  ProgramBuilder& operation(int cpu, Call call, int first = 0, int second = 0) {
    const std::span<const OperandKind> kinds = info_of(call).operands();
    Operation operation{
        .call = call, .cpu = static_cast<std::uint8_t>(cpu), .first_exception = program_.exception_count};
    operation.operands[0].value = static_cast<std::uint16_t>(first);
    (kinds.size() > 1 ? operation.operands[1].value : operation.operands[0].count) = static_cast<std::uint16_t>(second);
    program_.operations[program_.operation_count++] = operation;
    return *this;
  }

  // mremap of [first, first + count).
  ProgramBuilder& move(int cpu, int first, int count, int to) {
    operation(cpu, Call::mremap, first, count);
    last().operands[0].to = static_cast<std::uint16_t>(to);
    return *this;
  }

  // Exceptions of the last operation.
  ProgramBuilder& switch_to(int cpu, int after, int latency = 0) {
    return exception({.kind = Exception::Kind::preempt,
                      .cpu = static_cast<std::uint8_t>(cpu),
                      .latency = static_cast<std::uint8_t>(latency),
                      .after = static_cast<std::uint16_t>(after)});
  }
  ProgramBuilder& suspend(int after) { return switch_to(last().cpu, after); }
  ProgramBuilder& evict(int cpu, int page, int after) {
    return tlb_exception(Exception::Kind::evict, cpu, page, after);
  }
  ProgramBuilder& fill(int cpu, int page, int after) { return tlb_exception(Exception::Kind::fill, cpu, page, after); }

  ProgramBuilder& exception(const Exception& exception) {
    program_.exceptions[program_.exception_count++] = exception;
    ++last().exception_count;
    return *this;
  }

  const Program& program() const { return program_; }

 private:
  Operation& last() { return program_.operations[program_.operation_count - 1U]; }
  ProgramBuilder& tlb_exception(Exception::Kind kind, int cpu, int page, int after) {
    return exception({.kind = kind,
                      .cpu = static_cast<std::uint8_t>(cpu),
                      .after = static_cast<std::uint16_t>(after),
                      .page = static_cast<std::uint16_t>(page)});
  }
  Program program_;
};

// The program of the lost write: the zap is suspended `after` steps, in which another CPU saves the page, and a
// third writes to it once more.
inline ProgramBuilder lost_write_at(int after) {
  ProgramBuilder builder;
  builder.operation(0, Call::store, 0, 0).operation(1, Call::dontneed, 0, 1).suspend(after);
  builder.operation(2, Call::fsync, 0, 1).operation(0, Call::store, 0, 0);
  return builder;
}

// An engine with everything that it needs to run.
class TestBench {
 public:
  explicit TestBench(const Engine& engine, Observer* companion = nullptr)
      : judge_(companion), simulation_(engine, judge_) {}

  Outcome run(const Program& program) { return simulation_.run(program); }
  Outcome run(const ProgramBuilder& builder) { return simulation_.run(builder.program()); }
  // Makes a mistake in the runs to come.
  TestBench& plant(Defect defect) {
    simulation_.defect = defect;
    return *this;
  }
  bool breaks(OracleId id) const { return judge_.broken().contains(id); }
  bool holds() const { return judge_.broken().empty(); }
  Report report() const { return judge_.report(); }
  Simulation& simulation() { return simulation_; }

 private:
  Judge judge_;
  Simulation simulation_;
};

}  // namespace shootdown
