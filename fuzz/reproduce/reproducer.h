// A program as one in C, which tries on a running kernel whether a store is lost.
//
// The C program is runtime.c, which races, checks and reports, with the program
// itself in the place of program.inc: tables and a few lines of system calls that
// people can read. It needs nothing but a C library. docs/reproducing.md says what
// becomes of a program, and what is shown by what.
//
// A schedule cannot be had on a running kernel: the C program tries many. And what
// programs do to pages themselves (reclaim, an invalidation) it can only ask for by the
// nearest system call, which a comment there says.
#pragma once

#include <string>
#include <string_view>

#include "engine/program/program.h"

namespace shootdown {

// Why there is no C program: nothing is stored to memory, so that nothing can be lost; or some of that memory is private, of
// which no file tells what should be there. Empty: there is one.
std::string why_not_in_c(const Program& program);

// The C program, which calls what it tries by a name; characters other than letters, digits, '.', '-' and '_' become '_'.
// REQUIRES: why_not_in_c(program) is empty.
std::string reproducer_of(const Program& program, std::string_view name);

// The part of it that is of this program alone.
std::string program_in_c(const Program& program, std::string_view name);

}  // namespace shootdown
