// Which chooser samples the schedules of a program: its machine's `sampler`, where `pct_depth` is not 0.
#pragma once

#include "engine/program/program.h"
#include "engine/sched/pct.h"
#include "engine/sched/pos.h"
#include "engine/sched/surw.h"

namespace shootdown {

enum class Sampler : std::uint8_t { none, pct, pos, surw };

// None: the program lists its schedule.
inline Sampler sampler_of(const MachineConfig& machine) {
  if (machine.pct_depth == 0) return Sampler::none;
  switch (machine.sampler) {
    case 1: return Sampler::pos;
    case 2: return Sampler::surw;
    default: return Sampler::pct;
  }
}

// Makes it: returns make.operator()<C>(arguments...) for its class C. There is one. `counts` is of the program, if it needs that.
template <typename Make>
Chooser& make_sampler(const MachineConfig& machine, const StepCounts& counts, const Make& make) {
  switch (sampler_of(machine)) {
    case Sampler::pos: return make.template operator()<Pos>(machine.pct_seed);
    case Sampler::surw: return make.template operator()<Surw>(machine.pct_seed, counts);
    default: return make.template operator()<Pct>(machine.pct_seed, machine.pct_depth, machine.pct_steps);
  }
}

}  // namespace shootdown
