// Runs' schedules, written out as programs.
//
// A PCT run, or any other, becomes a program that lists the schedule which the run
// took: replayed on the same engine, it makes the same steps and has the same hash.
// So what PCT finds can be read, changed and kept as a story.
//
// The places of a schedule can be said by events in place of numbers of steps:
// "after remove rmap of page 0". That means the same to another engine, to the next
// version of the model, and to another kernel.
#pragma once

#include <optional>

#include "engine/program/program.h"
#include "fuzz/replay/replay.h"

namespace shootdown {

// The program with the schedule that it takes on this engine; one that lists its schedule stays as it is. Nothing if
// the schedule has no room in a program.
std::optional<Program> record(Replayer& replayer, const Program& program);
// The same of the schedule that a chooser makes.
std::optional<Program> record(Replayer& replayer, const Program& program, Chooser& chooser);

// A program that lists its schedule, with each place said by an event where there is one to say it by. Not so are the
// beginning of an operation, a place where another exception has just happened, and what never happens on this engine.
Program with_events(Replayer& replayer, const Program& program);

}  // namespace shootdown
