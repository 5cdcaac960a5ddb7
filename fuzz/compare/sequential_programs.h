// Programs without a race: pseudo-random ones, one operation after the other, the same in every process and build. For what holds
// engines against what they claim, or against each other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/program/program.h"
#include "engine/sched/random.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/language.h"
#include "fuzz/language/mutator.h"

namespace shootdown {

// From then on the operations run one after the other, in their order. While one waits for the disk another CPU's would begin.
inline void make_sequential(Program& program) {
  if (program.machine.cpus > 1) program.machine.disk = 0;
  drop_schedule(program);
}

// Records of what random bytes hardly ask for: several address spaces, what they have of their own, forks of who has it, mappings
// that move, split and become one, and pages that are swapped out, freed lazily, moved and pinned.
inline std::vector<std::uint8_t> private_lives(SplitMix64& random) {
  static constexpr std::array calls{Call::mmap_anonymous, Call::mmap_anonymous,
                                    Call::mmap_private,   Call::mmap,
                                    Call::fork,           Call::fork,
                                    Call::mremap,         Call::mremap,
                                    Call::protect,        Call::unprotect,
                                    Call::store,          Call::store,
                                    Call::store,          Call::touch,
                                    Call::load,           Call::load,
                                    Call::dontneed,       Call::munmap,
                                    Call::kswapd,         Call::kswapd,
                                    Call::pageout,        Call::free,
                                    Call::free,           Call::cold,
                                    Call::migrate,        Call::dma,
                                    Call::idle,           Call::exclusive,
                                    Call::exclusive,      Call::poison,
                                    Call::hwpoison,       Call::mmap_device,
                                    Call::move_device,    Call::to_device};
  std::vector<std::uint8_t> bytes;
  const auto below = [&random](std::size_t most) { return static_cast<std::uint8_t>(random.below(most)); };
  const auto set = [&bytes](std::uint16_t MachineConfig::* parameter, int value) {
    append_parameter(bytes, parameter, value);
  };
  // In a small world the same page is met again and again.
  const bool is_small = random.below(2) == 0;
  const std::uint8_t cpus = is_small ? 2 : 4;
  set(&MachineConfig::cpus, cpus);
  set(&MachineConfig::mms,
      is_small ? static_cast<std::uint8_t>(1 + below(2)) : static_cast<std::uint8_t>(2 + below(3)));
  set(&MachineConfig::pages, is_small ? 2 : static_cast<std::uint8_t>(2 + below(4)));
  set(&MachineConfig::windows, is_small ? 1 : static_cast<std::uint8_t>(1 + below(2)));
  set(&MachineConfig::folio_order, below(3));
  set(&MachineConfig::tmpfs, below(4) == 0 ? 1 : 0);
  set(&MachineConfig::seq_read, below(4) == 0 ? 1 : 0);
  set(&MachineConfig::mkwrite_dirties, below(2));
  set(&MachineConfig::disk, below(2) == 0 ? below(250) : 0);
  for (std::uint64_t left = 8 + random.below(40); left != 0; --left) {
    // One that ends early leaves the rest to its children.
    const Call call = random.below(32) == 0 ? Call::exit : calls[random.below(calls.size())];
    const std::uint8_t cpu = below(cpus);
    ArgumentBytes arguments{below(10), below(4), below(10)};
    if (info_of(call).marked) mark(arguments);
    bytes.insert(bytes.end(), {info_of(call).kinds.first, cpu, arguments[0], arguments[1]});
    if (info_of(call).marked) bytes.insert(bytes.end(), {more_kinds.first, arguments[2], arguments[3], arguments[4]});
  }
  return bytes;
}

class SequentialPrograms {
 public:
  // What a row of mutations makes from nothing, without its schedule; every fourth time behind private lives.
  void next(Program& program) {
    make(program);
    make_sequential(program);
  }

  // The same on so many CPUs, or fewer, each with an address space of its own: no other has translations of that.
  void next_of_single_threads(Program& program, int cpus) {
    make(program);
    MachineConfig& machine = program.machine;
    machine.mms = machine.cpus = std::min(machine.cpus, static_cast<std::uint16_t>(cpus));
    for (Operation& operation : operations_of(program))
      operation.cpu = static_cast<std::uint8_t>(operation.cpu % machine.cpus);
    make_sequential(program);
    decode(encode(program), program);
  }

 private:
  void make(Program& program) {
    std::size_t size = 0;
    for (std::uint64_t left = 1 + random_.below(8); left != 0; --left)
      size = mutate(bytes_.data(), size, bytes_.size(), random_.next());
    std::vector<std::uint8_t> records;
    if (random_.below(4) == 0) records = private_lives(random_);
    records.insert(records.end(), bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
    decode(records, program);
  }

  SplitMix64 random_{1};
  std::array<std::uint8_t, 512> bytes_{};
};

}  // namespace shootdown
