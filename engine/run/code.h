// Code of a kernel that was not written for this machine: its accesses to memory, and
// which of them are steps.
//
// A place of such code is told by where it is in it, in bytes from its beginning. The
// same code has the same places in every process, wherever it was loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/arena.h"

namespace shootdown {

// What of a CPU it is that does something: its thread, the handler of an interrupt, or the machine by itself.
enum class Agent : std::uint8_t { thread, interrupt, machine };

// An access to memory, as it is about to be made.
struct CodeAccess {
  static constexpr std::size_t no_place = static_cast<std::size_t>(-1);

  int cpu;
  Agent agent;
  bool takes_interrupts;  // the CPU could handle one now
  std::uintptr_t address;
  std::size_t size;  // in bytes
  bool writes;
  std::size_t place = no_place;  // no_place: it is always a step, or belongs to one
};

// Is told of each access, and of each lock that is taken or dropped.
class CodeObserver {
 public:
  CodeObserver() = default;
  CodeObserver(const CodeObserver&) = delete;
  CodeObserver& operator=(const CodeObserver&) = delete;
  virtual ~CodeObserver() = default;

  // A run begins: nobody has accessed anything, or holds a lock. What is kept of it in its arena goes back with it.
  virtual void begin_accesses(Arena& arena) = 0;
  virtual void accessed(const CodeAccess& access) = 0;
  virtual void locked(int cpu, Agent agent, const void* lock, bool shared) = 0;
  virtual void unlocked(int cpu, Agent agent, const void* lock) = 0;
};

// The places whose accesses are steps: all but those that are listed, or, the other way round, only those.
class VisibleCode {
 public:
  enum class Listed : std::uint8_t { visible, invisible };

  explicit VisibleCode(Listed listed) : unlisted_(listed == Listed::invisible) {}

  bool operator()(std::size_t place) const { return lists(place) != unlisted_; }
  // Returns whether it was not listed before. Asks for memory.
  bool list(std::size_t place) {
    if (lists(place)) return false;
    if (place / bits >= words_.size()) words_.resize(place / bits + 1);
    words_[place / bits] |= bit(place);
    return true;
  }

 private:
  static constexpr std::size_t bits = 64;
  static std::uint64_t bit(std::size_t place) { return std::uint64_t{1} << place % bits; }
  bool lists(std::size_t place) const {
    return place / bits < words_.size() && (words_[place / bits] & bit(place)) != 0;
  }

  bool unlisted_;
  std::vector<std::uint64_t> words_;
};

// What is wanted of it in a run. All must outlive the run.
struct CodeWatch {
  // Are set to 1 for places that are reached, where the compiler counts none: as many as a power of two; none: nobody wants to
  // know.
  std::span<std::uint8_t> counters;
  // Null: as the engine has it.
  const VisibleCode* visible = nullptr;
  // Of the places that are steps, those at which another CPU may come to run. Null: all.
  const VisibleCode* preemptible = nullptr;
  CodeObserver* observer = nullptr;
  // Whether states of the run are compared, byte by byte: then there is nothing in them that no code has put there.
  bool compares_states = false;
};

}  // namespace shootdown
