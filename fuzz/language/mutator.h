// Changes an encoded program as a person would who looks for a race.
//
// Works on whole records: inserts, removes, repeats and moves operations, puts
// preemptions behind operations, and turns single fields of a record. It makes
// nothing that random bytes could not make, but makes it sooner. Operations that need
// a mark, which random bytes hardly make, it inserts in one call of four, and many then: so
// that most programs are of few kinds of operations (swarm testing).
//
// A pure function of its arguments, as libFuzzer demands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/sched/random.h"

namespace shootdown {

// Mutates data[0, size) in place, growing it to at most max_size bytes. Returns the new size, which is
// at least 1 if max_size is.
std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t max_size, std::uint64_t seed);

// An encoded program after a few changes, of one at most every other time, and somewhat longer at most. Of an empty one, a small one.
std::vector<std::uint8_t> mutant_of(std::vector<std::uint8_t> bytes, SplitMix64& random);

// Writes a mix of two programs to out[0, max_size); returns its size.
std::size_t cross_over(const std::uint8_t* first, std::size_t first_size, const std::uint8_t* second,
                       std::size_t second_size, std::uint8_t* out, std::size_t max_size, std::uint64_t seed);

}  // namespace shootdown
