// Which model of the kernel this is.
//
// The number goes up with every change after which a run of the same program may
// come out otherwise: it makes other steps, or in another order, or the hardware
// or the kernel does something else. A verdict, a trace and the number of a step
// therefore mean something only together with it. A program that was made for one
// model is a program for every other, but it may tell another story there, if
// its exceptions count steps.
//
// What leaves runs as they are does not count: a new oracle, other words in a
// trace, a new operation or parameter that no program has yet.
#pragma once

namespace shootdown {

inline constexpr int model_version = 18;

}  // namespace shootdown
