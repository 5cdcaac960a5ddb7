// Programs without a race: pseudo-random ones, one operation after the other, the same in every process and build. For what holds
// engines against what they claim, or against each other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "engine/sched/random.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/mutator.h"

namespace shootdown {

// From then on the operations run one after the other, in their order.
inline void drop_schedule(Program& program) {
  program.machine.pct_depth = 0;
  program.exception_count = 0;
  for (Operation& operation : operations_of(program)) operation.first_exception = operation.exception_count = 0;
}

class SequentialPrograms {
 public:
  // Of the operations that all these engines do.
  SequentialPrograms(std::initializer_list<const Engine*> engines)
      : repertoire_(std::ranges::all_of(engines, &Engine::does_every_operation) ? Repertoire::all
                                                                                : Repertoire::modelled) {}

  // What a row of mutations makes from nothing, without its schedule.
  void next(Program& program) {
    std::size_t size = 0;
    for (std::uint64_t left = 1 + random_.below(8); left != 0; --left)
      size = mutate(bytes_.data(), size, bytes_.size(), random_.next(), repertoire_);
    decode(std::span(bytes_).first(size), program);
    drop_schedule(program);
  }

  // The same on so many CPUs, or fewer, each with an address space of its own: no other has translations of that.
  void next_of_single_threads(Program& program, int cpus) {
    next(program);
    MachineConfig& machine = program.machine;
    machine.mms = machine.cpus = std::min(machine.cpus, static_cast<std::uint16_t>(cpus));
    for (Operation& operation : operations_of(program))
      operation.cpu = static_cast<std::uint8_t>(operation.cpu % machine.cpus);
    decode(encode(program), program);
  }

 private:
  Repertoire repertoire_;
  SplitMix64 random_{1};
  std::array<std::uint8_t, 512> bytes_{};
};

}  // namespace shootdown
