// What can be left out of a program, and what in it can be simpler.
//
// Each reduction makes a program smaller: it has fewer operations; or as many, and fewer exceptions; or as many of these,
// too, and a smaller machine (CPUs, address spaces, files, windows, pages, words); or all that is the same, and fewer
// parameters that are not the usual, shorter ranges, or smaller numbers. So whoever makes one after the other comes to an end.
//
// What a reduction makes may be a program that no text can say: large machines, for example, have ranges that are too short
// to be named.
#pragma once

#include <span>
#include <vector>

#include "engine/program/program.h"

namespace shootdown {

// Things of one kind that stand in a row, of which some can be left out at once.
struct Removal {
  // How many there are that can be left out.
  int (*count)(const Program& program);
  // The program without `length` of them, from `first` on. What was about them goes, too, or is about others then.
  Program (*without)(const Program& program, int first, int length);
};

// Operations first, then their exceptions.
std::span<const Removal> all_removals();

Program without_operations(const Program& program, int first, int length);
// Programs in which what this CPU does is done by one of the others.
std::vector<Program> with_cpu_merged(const Program& program, int cpu);

// Parts of one kind that can be simpler, each for itself.
struct Simplification {
  int (*count)(const Program& program);
  // Programs in which only this part is simpler, the simplest first.
  std::vector<Program> (*simpler)(const Program& program, int number);
};

std::span<const Simplification> all_simplifications();

}  // namespace shootdown
