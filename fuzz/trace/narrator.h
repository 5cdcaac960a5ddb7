// Puts the steps of a run into words, for people who know mm/.
//
// A sentence says what its event carries, and nothing else: the narrator knows no
// kernel and remembers nothing, so that a step reads the same wherever it stands.
// "Of mm 0", "of file 0" and "of table 0" are only said on machines that have
// several.
//
// There are words for every kind of step; a new kind without words does not compile.
#pragma once

#include <string>

#include "engine/events/event.h"
#include "engine/program/program.h"

namespace shootdown {

// A step in words.
struct Narration {
  std::string text;
  bool essential = false;  // belongs to the story; else it is left out of a short picture
};

// `event` is a step of a run on `machine`. A note has no words: its text is empty.
Narration narrate(const AnyEvent& event, const MachineConfig& machine);

// What a lock is called: "PTL", "frame 3", "mmap_lock of mm 1".
std::string lock_name(const LockFact& lock, const MachineConfig& machine);

}  // namespace shootdown
