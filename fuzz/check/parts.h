// The parts of a check (check.h). Each adds what it has found to `checked`, which has the settings, and ends at `end`
// or soon afterwards; a failure of Shootdown itself, in a run or a search, is noted there, and the part goes on.
//
// The caller must have no other threads, and no Replayer.
#pragma once

#include <vector>

#include "fuzz/check/check.h"
#include "fuzz/check/crew.h"
#include "fuzz/triage/inputs.h"

namespace shootdown {

// All of these run as they are, however long it takes: what they expect is met; what else breaks is noted.
void check_corpus(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew);

// The texts among them that people have written, all but what lies in a folder `regressions`: all schedules of each,
// as far as time permits.
void check_stories(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew, CheckClock::time_point end);

// All programs of up to two operations (fuzz/prove/program_space.h), every schedule; then those of three, first with few
// exceptions, at last every schedule; then those of four in the same way. As far as time permits.
void check_programs(EngineChecked& checked, Crew& crew, CheckClock::time_point end);

// Mutants of the corpus (fuzz/triage/corpus_and_mutants.h), until time is over.
void check_mutants(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew, CheckClock::time_point end);

// If there is a kernel in this build, the model is held against it (fuzz/compare/comparison.h): by the corpus without
// its schedules, and then by pseudo-random programs until time is over.
void check_linux(EngineChecked& checked, const std::vector<Input>& corpus, Crew& crew, CheckClock::time_point end);

// What follows: of each guarantee how it stands, and of what is broken a program that is as small as can be.
void judge(EngineChecked& checked, Crew& crew);

// Notes that Shootdown itself has failed, and where; of the first few also how.
void note_failure(EngineChecked& checked, std::string where, std::string message);

}  // namespace shootdown
