// The program `shootdown`: what its arguments mean.
//
// One program with commands, in the manner of git: run, minimize, prove, show, record, corpus,
// assemble, dictionary, defects, engines, oracles, events. Results go to `out`, errors to `err`; nothing else is said.
#pragma once

#include <cstdio>

namespace shootdown {

inline constexpr const char* version = "0.2.0";

// Does what the arguments say and returns the exit status: 0, everything was as expected; 1, something was not; 2,
// nothing of that kind, but the arguments or an input were bad; or the output could not be written.
int shootdown_main(int argc, char** argv, std::FILE* out, std::FILE* err);

}  // namespace shootdown
