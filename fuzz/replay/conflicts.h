// Where the operations of a program conflict with those of other CPUs; and schedules that let them meet there.
//
// Two steps conflict if one of them changes what the other touches (engine/events/touches.h): only between such steps does it matter who
// comes first. A run in the order of the list shows before and behind which steps of each operation that is.
// A schedule that is drawn from these places spends none of its preemptions behind an operation's end, nor
// on CPUs with which it has nothing in common.
//
// In another order operations make other steps, some of which conflict, too, and on another engine somewhat others: what is
// drawn are good guesses.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/program/program.h"
#include "engine/run/engine.h"
#include "engine/sched/chooser.h"
#include "engine/sched/random.h"

namespace shootdown {

// A place of an operation, before or behind a step that conflicts.
struct ConflictPoint {
  std::uint8_t operation;
  std::uint16_t after;  // so many steps of it
  CpuMask cpus;         // with whose operations
};

// Finds them by runs on an engine.
class ConflictFinder {
 public:
  explicit ConflictFinder(const Engine& engine);
  ~ConflictFinder();
  ConflictFinder(const ConflictFinder&) = delete;
  ConflictFinder& operator=(const ConflictFinder&) = delete;

  const Engine& engine() const;
  // In the order of the program, whose schedule does not count. The engine does not refuse it.
  std::vector<ConflictPoint> points_of(const Program& program);

 private:
  class Bench;
  std::unique_ptr<Bench> bench_;
};

// Replaces the schedule by one to four preemptions at such points, most of them in operations that one of the others has
// brought together: one is in the first of them, say, the next in that which it lets run. Of no points there is none.
void draw_schedule(Program& program, std::span<const ConflictPoint> points, SplitMix64& random);

}  // namespace shootdown
