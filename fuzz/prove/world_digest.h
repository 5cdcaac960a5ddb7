// A digest of all of a run's memory (Simulation::visit_state), wherever that lies.
//
// It is one of how the memory differs from what it was when the run began. So what is the same in all of a program's
// runs does not count, such as pointers to what outlives them; of what is not, a pointer into the run's memory counts
// as where in that it points. Two searches that are laid out at different places, in one process or in two, come to
// the same digests.
//
// From one state to the next little changes. The memory is compared with what it was last time, in blocks, and only
// blocks that are not the same are looked at.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/run/simulation.h"

namespace shootdown {

class WorldDigest {
 public:
  explicit WorldDigest(std::uint64_t seed) : seed_(seed) {}

  // A run has been begun; so do all whose states are compared.
  void begin(const Simulation& simulation) {
    set_places(simulation.places());
    parts_.clear();
    of(simulation);
    for (Part& part : parts_) {
      part.first = part.last;
      std::ranges::fill(part.digests, 0);
      part.sum = 0;
    }
  }

  // The run is paused.
  std::uint64_t of(const Simulation& simulation) {
    std::size_t number = 0;
    simulation.visit_state([&](std::span<const std::byte> bytes) {
      if (number == parts_.size()) parts_.push_back({.number = number});
      follow(parts_[number++], bytes);
    });
    std::uint64_t sum = seed_;
    for (const Part& part : parts_) sum += part.sum;
    return sum;
  }

 private:
  using Block = std::array<std::uint64_t, 8>;
  static constexpr std::size_t in_a_row = 8;  // blocks are compared first

  struct Part {
    std::uint64_t number;                // of the parts
    std::vector<Block> first;            // as it was when the run began; zeros behind that
    std::vector<Block> last;             // as it was last time
    std::vector<std::uint64_t> digests;  // of blocks that differ from what they were first; else 0
    std::uint64_t sum = 0;               // of these
  };

  struct Place {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
  };

  void set_places(const Simulation::Places& places) {
    std::ranges::transform(places, places_.begin(), [](std::span<const std::byte> place) {
      return Place{reinterpret_cast<std::uintptr_t>(place.data()), place.size()};
    });
    const auto stacks = std::span(places_).subspan(1);
    const auto end = [](const Place& place) { return place.begin + place.size; };
    stacks_.begin = std::ranges::min(stacks, {}, &Place::begin).begin;
    stacks_.size = end(std::ranges::max(stacks, {}, end)) - stacks_.begin;
  }

  void follow(Part& part, std::span<const std::byte> bytes) {
    const std::size_t blocks = (bytes.size() + sizeof(Block) - 1) / sizeof(Block);
    if (blocks > part.last.size()) grow(part, blocks);
    const std::size_t whole = bytes.size() / sizeof(Block);
    for (std::size_t i = 0; i < whole; i += in_a_row) {
      const std::size_t count = std::min(in_a_row, whole - i);
      const std::byte* const row = bytes.data() + i * sizeof(Block);
      // Most are as they were, which the C library finds out fastest.
      if (std::memcmp(row, part.last[i].data(), count * sizeof(Block)) == 0) continue;
      for (std::size_t j = 0; j < count; ++j) follow(part, i + j, row + j * sizeof(Block), sizeof(Block));
    }
    const std::byte* const rest = bytes.data() + whole * sizeof(Block);
    if (whole != blocks) follow(part, whole, rest, bytes.size() - whole * sizeof(Block));
    // What was made since is no more.
    for (std::size_t i = blocks; i < part.last.size(); ++i) follow(part, i, rest, 0);
  }

  static void grow(Part& part, std::size_t blocks) {
    part.first.resize(blocks);
    part.last.resize(blocks);
    part.digests.resize(blocks);
  }

  void follow(Part& part, std::size_t number, const std::byte* bytes, std::size_t size) {
    Block now{};
    std::memcpy(now.data(), bytes, size);
    Block& last = part.last[number];
    std::uint64_t difference = 0;
    for (std::size_t i = 0; i < now.size(); ++i) difference |= now[i] ^ last[i];
    if (difference == 0) return;
    last = now;
    const std::uint64_t digest = digest_of(now, part.first[number], part.number << 32U | number);
    part.sum += digest - part.digests[number];
    part.digests[number] = digest;
  }

  // `number`: of all blocks.
  std::uint64_t digest_of(const Block& now, const Block& first, std::uint64_t number) const {
    Block parts{};
    bool is_other = false;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i] == first[i]) continue;
      parts[i] = placeless(now[i]) ^ differs;
      is_other = true;
    }
    if (!is_other) return 0;
    return XXH3_64bits_withSeed(parts.data(), sizeof parts, seed_ + number * odd);
  }

  std::uint64_t placeless(std::uint64_t word) const {
    if (word - places_[0].begin < places_[0].size) return a_pointer + (word - places_[0].begin);
    if (word - stacks_.begin >= stacks_.size) return word;
    for (std::size_t i = 1; i < places_.size(); ++i) {
      if (word - places_[i].begin < places_[i].size) return a_pointer * (i + 1) + (word - places_[i].begin);
    }
    return word;
  }

  static constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
  static constexpr std::uint64_t differs = 0xD6E8FEB86659FD93U;
  static constexpr std::uint64_t a_pointer = 0xA24BAED4963EE407U;

  std::uint64_t seed_;
  std::array<Place, std::tuple_size_v<Simulation::Places>> places_;
  Place stacks_;  // from the lowest to the highest
  std::vector<Part> parts_;
};

}  // namespace shootdown
