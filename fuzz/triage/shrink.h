// Makes a program smaller that does something.
//
// Tries one reduction (reductions.h) after the other, of many things at once before of a few, and keeps what still does
// it, until none does. So in what is left every single thing is needed: no operation, exception, CPU or page can be left out,
// no number be smaller. There may be smaller programs that another way leads to.
#pragma once

#include <functional>

#include "engine/program/program.h"

namespace shootdown {

// `program` does it, and what is returned does. `still` is asked only of programs that a text can say.
Program shrunk(const Program& program, const std::function<bool(const Program&)>& still);

}  // namespace shootdown
