// Whole files: for what only Shootdown itself writes and reads, such as the folders in which it works. What belongs to users goes
// by way of output.h, which leaves nothing half-written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace shootdown {

// Empty, too, if it cannot be read.
std::string read_file(const std::filesystem::path& path);
// Throws std::runtime_error.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace shootdown
