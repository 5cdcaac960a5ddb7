// A search that was stopped, in a file, from which it can be gone on with, by another process and with other numbers
// of workers, time and memory.
//
// The file begins with lines that say of what it is the search, and on what a search depends: the version of the
// model, the engine, what was asked for, and a digest of all states that the schedule without exceptions comes to,
// which another build of the same model may have laid out otherwise. Where any of them is not the same it is refused,
// and so is a file that is not as it was written. What follows are words of 8 bytes: those of Explorer::save.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "fuzz/io/input_error.h"
#include "fuzz/prove/explorer.h"

namespace shootdown {

// Afterwards the file is there as a whole, or is as it was before (save_file). Returns an errno, 0: done.
int save_checkpoint(const std::filesystem::path& path, Explorer& explorer);

// Of an explorer that has not searched yet. Returns what is wrong; then the explorer is of no use any more.
std::optional<InputError> load_checkpoint(const std::string& path, Explorer& explorer);

}  // namespace shootdown
