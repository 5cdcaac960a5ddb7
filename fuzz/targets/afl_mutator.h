// AFL++'s custom mutator interface, as far as fuzz/targets/afl_mutator.cpp implements it.
//
// AFL++ does not call the mutator that a libFuzzer target brings along; it wants
// a shared library, named by AFL_CUSTOM_MUTATOR_LIBRARY. This one changes programs
// by whole records (fuzz/language/mutator.h). What it makes depends on the seed and the
// inputs that it is given, in their order, and on nothing else.
//
// AFL++ tells a mutator nothing of its limit for the length of inputs, and cuts
// off what is too long. Set the limit by AFL_INPUT_LEN_MAX instead of -G: that is
// heeded here as well.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

// Returns the mutator's state. `afl` is not looked at.
void* afl_custom_init(void* afl, unsigned int seed);

// Mutates data[0, size), mixed at times with another input, which may be null. Points `out` at the result, which
// belongs to `state` and lasts until the next call, and returns its size: at most `max_size`, 0 only if that is.
std::size_t afl_custom_fuzz(void* state, std::uint8_t* data, std::size_t size, std::uint8_t** out, std::uint8_t* other,
                            std::size_t other_size, std::size_t max_size);

void afl_custom_deinit(void* state);

}  // extern "C"
