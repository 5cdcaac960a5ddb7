#include "fuzz/prove/visible_places.h"

#include <algorithm>
#include <cstdlib>

namespace shootdown {

namespace {

constexpr std::size_t word_size = 8;

std::uintptr_t number_of_word(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) / word_size;
}

}  // namespace

void VisiblePlaces::begin_accesses(Arena& arena) {
  if (meet_ == Meet::in_a_run || run_ == 0) ++run_;
  held_ = arena.row<Number>(2 * max_cpus);
  for (Number& held : held_) held = number_of(Lockset());
}

// --- locks ---

void VisiblePlaces::locked(int cpu, Agent agent, const void* lock, bool shared) {
  word(number_of_word(lock)).is_lock = true;
  Number& held = held_by(cpu, agent);
  Lockset locks = locksets_[held];
  const Held taken{lock, shared};
  locks.insert(std::ranges::lower_bound(locks, taken), taken);
  held = number_of(locks);
}

void VisiblePlaces::unlocked(int cpu, Agent agent, const void* lock) {
  Number& held = held_by(cpu, agent);
  Lockset locks = locksets_[held];
  const auto found = std::ranges::find(locks, lock, &Held::first);
  if (found == locks.end()) return;
  locks.erase(found);
  held = number_of(locks);
}

VisiblePlaces::Number VisiblePlaces::number_of(const Lockset& lockset) {
  const auto [at, is_new] = lockset_numbers_.try_emplace(lockset, static_cast<Number>(locksets_.size()));
  if (is_new) locksets_.push_back(lockset);
  return at->second;
}

// In a way that keeps one of them waiting while the other has it.
bool VisiblePlaces::share_lock(Number one, Number other) const {
  return std::ranges::any_of(locksets_[one], [&](const Held& mine) {
    return std::ranges::any_of(
        locksets_[other], [&](const Held& its) { return mine.first == its.first && !(mine.second && its.second); });
  });
}

// --- accesses ---

void VisiblePlaces::accessed(const CodeAccess& access) {
  const bool by_machine = access.agent == Agent::machine;
  const Number number = number_of(Access{
      .cpu = access.cpu,
      .agent = access.agent,
      .takes_interrupts = access.takes_interrupts,
      .writes = access.writes,
      .lockset = by_machine ? number_of(Lockset()) : held_by(access.cpu, access.agent),
      .place = access.place,
  });
  const std::uintptr_t last = (access.address + std::max<std::size_t>(access.size, 1) - 1) / word_size;
  for (std::uintptr_t at = access.address / word_size; at <= last; ++at) note(word(at), number);
}

std::size_t VisiblePlaces::HashAccess::operator()(const Access& access) const {
  const std::size_t who = static_cast<std::size_t>(access.cpu) << 4U | static_cast<std::size_t>(access.agent) << 2U |
                          (access.takes_interrupts ? 2U : 0U) | (access.writes ? 1U : 0U);
  return (access.place * 0x9E3779B97F4A7C15U + access.lockset) * 0xD1B54A32D192ED03U + who;
}

VisiblePlaces::Number VisiblePlaces::number_of(const Access& access) {
  const auto [at, is_new] = access_numbers_.try_emplace(access, static_cast<Number>(accesses_.size()));
  if (is_new) {
    accesses_.push_back(access);
    if (access.place != CodeAccess::no_place) reached_.insert(access.place);
  }
  return at->second;
}

VisiblePlaces::Word& VisiblePlaces::word(std::uintptr_t number) {
  std::size_t at = number * 0x9E3779B97F4A7C15U >> 48U;
  for (std::size_t tried = 0; tried < words_.size(); ++tried, at = (at + 1) % words_.size()) {
    Word& word = words_[at];
    if (word.run == run_ && word.number == number) return word;
    if (word.run == run_) continue;
    word.number = number;
    word.run = run_;
    word.is_lock = false;
    word.accesses.clear();
    return word;
  }
  // A run touches fewer words than there is room for.
  std::abort();
}

// Locks do for themselves; but what is a lock in one run may be something else in another.
void VisiblePlaces::note(Word& word, Number access) {
  const bool is_lock = word.is_lock && meet_ == Meet::in_a_run;
  if (is_lock || std::ranges::find(word.accesses, access) != word.accesses.end()) return;
  for (const Number other : word.accesses) {
    if (!meet(accesses_[access], accesses_[other])) continue;
    note_visible(accesses_[access].place);
    note_visible(accesses_[other].place);
  }
  word.accesses.push_back(access);
}

void VisiblePlaces::note_visible(std::size_t place) {
  if (place != CodeAccess::no_place) visible_.insert(place);
}

bool VisiblePlaces::meet(const Access& one, const Access& other) const {
  if ((one.cpu == other.cpu && one.agent == other.agent) || (!one.writes && !other.writes)) return false;
  const bool by_machine = one.agent == Agent::machine || other.agent == Agent::machine;
  if (one.cpu != other.cpu || by_machine) return !share_lock(one.lockset, other.lockset);
  // A CPU's interrupts do not come while its thread takes none.
  return one.agent == Agent::thread ? one.takes_interrupts : other.takes_interrupts;
}

}  // namespace shootdown
