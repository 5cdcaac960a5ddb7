#include "fuzz/io/files.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "fuzz/io/output.h"

namespace shootdown {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error(printable(path.string()) + ": cannot write");
}

}  // namespace shootdown
