// Counts how often a program that is linked with it asks for memory.
//
// Without sanitizers it stands in for malloc(), by which operator new goes, too;
// sanitizers have a malloc() of their own, and call it back. calloc(), realloc()
// and the system's mmap() are not counted without them.
#pragma once

#include <cstddef>

namespace shootdown {

// Since the start of the program.
std::size_t allocations();

}  // namespace shootdown
