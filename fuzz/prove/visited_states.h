// Which states a search has seen, and which of its schedules comes to each first: a set of digests.
//
// Several may look into it and enter states at once. A state belongs to the schedule with the lowest number of all
// that come to it, in whichever order they do: so it makes no difference who is faster.
//
// Of a digest all bits count but the lowest. A state whose digest is that of another one is taken for it. Of n states, that
// happens to none but with probability below n * n / 2^59 (omission()), as far as
// digests are as good as random numbers: each is one of up to thirty others, any of which two states may have in common by chance. Those that are asked for together should differ in nothing but their lowest bits
// (near_bits): they lie beside each other, in one line of the processor's cache.
//
// Open addressing; takes 8 bytes a state, 12 if there are several visitors, and as much again to grow.
#pragma once

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#include "fuzz/prove/huge_pages.h"

namespace shootdown {

class VisitedStates {
 public:
  // `shared`: several may visit it at once, and it remembers whose the states are. Else all come in the order of
  // their numbers.
  explicit VisitedStates(bool shared = false)
      : shared_(shared), places_(first_places), owners_(shared ? first_places : 0) {}

  // Digests that differ in these only, the lowest, lie beside each other.
  static constexpr int near_bits = 20;

  // Of a schedule.
  using Number = std::uint32_t;
  static constexpr Number nobody = std::numeric_limits<Number>::max();

  // Whoever enters states. It belongs to one thread, which does nothing else but search as long as it lives: others
  // may wait for it to run out of room, or to be gone.
  class Visitor {
   public:
    explicit Visitor(VisitedStates& states) : states_(states) { states_.join(); }
    ~Visitor() { states_.leave(room_); }
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

    // A schedule comes to a state. Returns whose it has been: it is the schedule's own from now on if that is higher.
    Number come(std::uint64_t digest, Number schedule) {
      if (room_ == 0) room_ = states_.more_room();
      return states_.come(digest | 1U, schedule, room_);
    }

    // Whose a state is; nobody's: none has come there.
    Number owner(std::uint64_t digest) const { return states_.owner(digest); }
    // It will be asked about soon.
    void fetch(std::uint64_t digest) const { states_.fetch(digest); }

   private:
    VisitedStates& states_;
    std::size_t room_ = 0;  // for so many states
  };

  // --- while nobody visits ---

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return places_.size() * sizeof(std::uint64_t) + owners_.size() * sizeof(Number); }
  // As a visitor may ask, too.
  Number owner(std::uint64_t digest) const {
    const std::size_t at = find(digest | 1U);
    if (shared_) return ~owners_[at].load(std::memory_order_relaxed);
    return places_[at].load(std::memory_order_relaxed) == 0 ? nobody : 0;
  }
  // Calls visit(digest) with each.
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const auto& place : places_) {
      if (const std::uint64_t digest = place.load(std::memory_order_relaxed); digest != 0) visit(digest);
    }
  }

  // The probability that two of so many states were taken for one, at most.
  static double omission(double states) { return states * states / std::ldexp(1.0, 59); }

 private:
  template <typename T>
  using Row = std::vector<std::atomic<T>, HugePages<std::atomic<T>>>;
  static constexpr std::size_t first_places = std::size_t{1} << 16U;
  static constexpr std::size_t portion = 256;  // of room
  static constexpr int line_bits = 3;          // of a number in a line of the cache

  Number come(std::uint64_t digest, Number schedule, std::size_t& room) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = first_place(digest);; at = (at + 1) & mask) {
      std::uint64_t found = places_[at].load(std::memory_order_relaxed);
      const bool is_new = found == 0 && places_[at].compare_exchange_strong(found, digest, std::memory_order_relaxed);
      if (!is_new && found != digest) continue;
      if (is_new) --room;
      if (!shared_) return is_new ? nobody : 0;
      return take(owners_[at], schedule);
    }
  }

  static Number take(std::atomic<Number>& owner, Number schedule) {
    Number before = owner.load(std::memory_order_relaxed);
    while (schedule < ~before && !owner.compare_exchange_weak(before, ~schedule, std::memory_order_relaxed)) {
    }
    return ~before;
  }

  void fetch(std::uint64_t digest) const {
    const std::size_t at = first_place(digest);
    __builtin_prefetch(&places_[at]);
    if (shared_) __builtin_prefetch(&owners_[at]);
  }

  // Where it is looked for first.
  std::size_t first_place(std::uint64_t digest) const {
    const std::uint64_t line = digest >> near_bits;
    const std::uint64_t in_line = digest >> 1U & ((1U << line_bits) - 1);
    return (line << line_bits | in_line) & (places_.size() - 1);
  }
  // Where a digest is, or would be put: there is nothing yet.
  std::size_t find(std::uint64_t digest) const {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = first_place(digest);; at = (at + 1) & mask) {
      const std::uint64_t found = places_[at].load(std::memory_order_relaxed);
      if (found == digest || found == 0) return at;
    }
  }

  // --- room ---

  void join() {
    const std::scoped_lock lock(mutex_);
    ++visitors_;
  }

  // What is left of its room others may have.
  void leave(std::size_t room) {
    const std::scoped_lock lock(mutex_);
    size_ -= room;
    --visitors_;
    if (waiting_ != 0 && waiting_ == visitors_) grow();
  }

  // It grows when all have run out of room: then nobody looks into it.
  std::size_t more_room() {
    std::unique_lock lock(mutex_);
    while (10 * (size_ + portion) >= 7 * places_.size()) {
      if (++waiting_ == visitors_) {
        grow();
      } else {
        grown_.wait(lock, [this, before = growths_] { return growths_ != before; });
      }
      if (cannot_grow_) throw std::bad_alloc();
    }
    size_ += portion;
    return portion;
  }

  // If there is no memory for it, all who wait are told.
  void grow() {
    waiting_ = 0;
    ++growths_;
    grown_.notify_all();
    try {
      Row<std::uint64_t> places(2 * places_.size());
      Row<Number> owners(2 * owners_.size());
      places.swap(places_);
      owners.swap(owners_);
      take_over(places, owners);
    } catch (const std::bad_alloc&) {
      cannot_grow_ = true;
    }
  }

  void take_over(const Row<std::uint64_t>& places, const Row<Number>& owners) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::uint64_t digest = places[i].load(std::memory_order_relaxed);
      if (digest == 0) continue;
      const std::size_t at = find(digest);
      places_[at].store(digest, std::memory_order_relaxed);
      if (shared_) owners_[at].store(owners[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
  }

  const bool shared_;
  Row<std::uint64_t> places_;
  Row<Number> owners_;  // complements of their numbers, so that nobody is 0
  std::mutex mutex_;    // of all that follows
  std::condition_variable grown_;
  std::size_t size_ = 0;  // with the room that visitors have
  int visitors_ = 0;
  int waiting_ = 0;  // of them: for room
  std::uint64_t growths_ = 0;
  bool cannot_grow_ = false;
};

}  // namespace shootdown
