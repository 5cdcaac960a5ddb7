// Words of 64 bits in a file, with a digest behind them: whoever reads them knows that they are what was written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <stdexcept>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shootdown {

class WordWriter {
 public:
  // `write` takes the bytes, piece by piece. The digest is one of `head` as well, which is not written.
  WordWriter(const std::function<void(std::string_view)>& write, std::string_view head) : write_(write) {
    XXH3_64bits_reset(&state_);
    XXH3_64bits_update(&state_, head.data(), head.size());
  }

  void put(std::uint64_t word) {
    buffer_[count_++] = word;
    if (count_ == buffer_.size()) flush();
  }
  // When all are there.
  void end() {
    flush();
    put(XXH3_64bits_digest(&state_));
    flush();
  }

 private:
  void flush() {
    XXH3_64bits_update(&state_, buffer_.data(), count_ * sizeof(std::uint64_t));
    write_({reinterpret_cast<const char*>(buffer_.data()), count_ * sizeof(std::uint64_t)});
    count_ = 0;
  }

  const std::function<void(std::string_view)>& write_;
  XXH3_state_t state_;
  std::array<std::uint64_t, 8192> buffer_;
  std::size_t count_ = 0;
};

// They are not what was written.
class DamagedFile final : public std::runtime_error {
 public:
  DamagedFile() : std::runtime_error("it is damaged, or was not written to its end") {}
};

class WordReader {
 public:
  WordReader(std::istream& file, std::string_view head) : file_(file) {
    XXH3_64bits_reset(&state_);
    XXH3_64bits_update(&state_, head.data(), head.size());
  }

  // What it is worth is not known before the end. Throws DamagedFile.
  std::uint64_t get() {
    const std::uint64_t word = read();
    XXH3_64bits_update(&state_, &word, sizeof word);
    return word;
  }
  // One that is not larger than that.
  std::uint64_t get(std::uint64_t most) {
    const std::uint64_t word = get();
    if (word > most) throw DamagedFile();
    return word;
  }
  // When all have been read. Throws DamagedFile.
  void end() {
    if (read() != XXH3_64bits_digest(&state_) || file_.peek() != std::istream::traits_type::eof()) throw DamagedFile();
  }

 private:
  std::uint64_t read() {
    std::uint64_t word = 0;
    if (!file_.read(reinterpret_cast<char*>(&word), sizeof word)) throw DamagedFile();
    return word;
  }

  std::istream& file_;
  XXH3_state_t state_;
};

}  // namespace shootdown
