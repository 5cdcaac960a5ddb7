// Programs that are drawn from the vocabulary of another.
//
// What a race needs is, nearly always, a few operations that meet on one page, and one or two preemptions. A mutant of a program
// keeps most of it, and so its length and its schedule. An arrangement keeps what the operations are, on which pages they work, and
// the machine; how many there are, their order, their CPUs and the schedule are drawn anew. So each draws from few kinds of
// operations (swarm testing: Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012), which go together, however many kinds there are in all.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/program/program.h"
#include "engine/sched/random.h"

namespace shootdown {

// Of a program without operations: one without operations.
Program arrangement_of(const std::vector<std::uint8_t>& original, SplitMix64& random);

// Replaces the schedule by one that is drawn: by PCT, or one to three preemptions.
void draw_schedule(Program& program, SplitMix64& random);

}  // namespace shootdown
