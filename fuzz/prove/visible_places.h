// Finds out which places of a kernel's code other CPUs can see.
//
// By locksets, as Eraser did (S. Savage and others, 1997): two accesses to the same memory
// meet if they are made by different CPUs, or by a CPU's thread and its interrupts, at
// least one of them writes, and there is no lock that both hold, one of them
// exclusively. An access that meets none commutes with all that other CPUs can do until
// the next step: nothing is lost if it is no step.
//
// Knows what happened in the runs that it has observed. Under other schedules and in
// other programs more places may be visible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/arena.h"
#include "engine/program/program.h"
#include "engine/run/code.h"

namespace shootdown {

class VisiblePlaces final : public CodeObserver {
 public:
  // Which accesses may meet: those of one run, or those of all runs. Of runs that go back, and of which some end in what another
  // has been in, it is all: what follows in the one is what would follow in the other.
  enum class Meet : std::uint8_t { in_a_run, in_all };
  explicit VisiblePlaces(Meet meet = Meet::in_a_run) : meet_(meet) {}

  // At which there was an access; and of those, at which one met another.
  const std::set<std::size_t>& reached() const { return reached_; }
  const std::set<std::size_t>& visible() const { return visible_; }

  void begin_accesses(Arena& arena) override;
  void accessed(const CodeAccess& access) override;
  void locked(int cpu, Agent agent, const void* lock, bool shared) override;
  void unlocked(int cpu, Agent agent, const void* lock) override;

 private:
  using Held = std::pair<const void*, bool>;  // a lock, and whether others may hold it, too
  using Lockset = std::vector<Held>;          // in order
  using Number = std::uint32_t;

  // What is remembered of an access; each is numbered.
  struct Access {
    int cpu;
    Agent agent;
    bool takes_interrupts;
    bool writes;
    Number lockset;
    std::size_t place;
    bool operator==(const Access&) const = default;
  };
  struct HashAccess {
    std::size_t operator()(const Access& access) const;
  };
  // Memory of 8 bytes, and who has accessed it in a run.
  struct Word {
    std::uintptr_t number = 0;
    std::uint64_t run = 0;
    bool is_lock = false;
    std::vector<Number> accesses;
  };

  // Which lockset a CPU's thread or its interrupts hold.
  Number& held_by(int cpu, Agent agent) { return held_[2 * cpu + (agent == Agent::interrupt ? 1 : 0)]; }
  Word& word(std::uintptr_t number);
  Number number_of(const Lockset& lockset);
  Number number_of(const Access& access);
  bool share_lock(Number one, Number other) const;
  bool meet(const Access& one, const Access& other) const;
  void note(Word& word, Number access);
  void note_visible(std::size_t place);

  std::set<std::size_t> reached_;
  std::set<std::size_t> visible_;
  std::map<Lockset, Number> lockset_numbers_;
  std::vector<Lockset> locksets_;
  std::unordered_map<Access, Number, HashAccess> access_numbers_;
  std::vector<Access> accesses_;
  Meet meet_;
  // Of this run.
  std::uint64_t run_ = 0;
  Row<Number> held_;
  std::vector<Word> words_ = std::vector<Word>(std::size_t{1} << 16);  // by a hash of their numbers
};

}  // namespace shootdown
