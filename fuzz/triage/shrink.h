// Makes a program smaller that does something.
//
// Takes away operations, exceptions, pages of ranges, and settings of the machine, one
// at a time, as long as the program still does what it is kept for; and again until
// nothing can be taken away any more. So what is left is small, though there may be
// smaller ones that another way leads to.
#pragma once

#include <functional>

#include "engine/program/program.h"

namespace shootdown {

// `program` does it, and what is returned does. `still` is asked only of programs that a text can say.
Program shrunk(const Program& program, const std::function<bool(const Program&)>& still);

}  // namespace shootdown
