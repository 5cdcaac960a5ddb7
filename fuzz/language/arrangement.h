// Programs that are drawn from the vocabulary of others.
//
// What a race needs is, nearly always, a few operations that meet on one page, and one or two preemptions. A mutant of a program
// keeps most of it, and so its length and its schedule. An arrangement keeps most of the operations of one program, or half of those
// of two, which it merges, in about their order, and the machine; their CPUs are drawn now and then, sometimes an operation or a
// parameter. Most are put on one page. So each draws from few kinds of operations (swarm testing: Groce, Zhang, Eide, Chen, Regehr,
// ISSTA 2012), and from such as go together, however many kinds there are in all.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/program/program.h"
#include "engine/sched/random.h"

namespace shootdown {

// Makes one of two encoded programs, without a schedule.
void arrange(const std::vector<std::uint8_t>& original, const std::vector<std::uint8_t>& other, SplitMix64& random,
             Program& program);

// Replaces the schedule by one that is drawn: by PCT, or one to three preemptions.
void draw_schedule(Program& program, SplitMix64& random);

}  // namespace shootdown
