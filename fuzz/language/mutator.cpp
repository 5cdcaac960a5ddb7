#include "fuzz/language/mutator.h"

#include <algorithm>
#include <cstring>

#include "engine/check.h"
#include "engine/sched/random.h"
#include "fuzz/language/language.h"

namespace shootdown {

namespace {

// The records of a program, in a buffer of fixed room. A partial record at the end is dropped.
class Records {
 public:
  Records(std::uint8_t* data, std::size_t size, std::size_t max_size)
      : data_(data), count_(size / record_size), room_(max_size / record_size) {}

  std::size_t count() const { return count_; }
  bool full() const { return count_ == room_; }
  std::uint8_t* at(std::size_t index) { return data_ + index * record_size; }
  bool is_operation(std::size_t index) { return *at(index) >> 3U < preempt_kind; }

  // Makes room for a record at `index`; its bytes are undefined.
  std::uint8_t* insert(std::size_t index) {
    SHOOTDOWN_CHECK(!full() && index <= count_);
    std::memmove(at(index + 1), at(index), (count_ - index) * record_size);
    ++count_;
    return at(index);
  }

  void erase(std::size_t index) {
    std::memmove(at(index), at(index + 1), (count_ - index - 1) * record_size);
    --count_;
  }

 private:
  std::uint8_t* data_;
  std::size_t count_;
  std::size_t room_;
};

class Mutator {
 public:
  Mutator(Records& records, std::uint64_t seed) : records_(records), random_(seed) {}

  void mutate() {
    // Small changes refine a program; large ones make a new one.
    for (std::uint64_t changes = std::uint64_t{1} << random_.below(6); changes != 0; --changes) change();
  }

 private:
  void change() {
    // A short program shows more than a long one: what makes programs longer is as frequent as what
    // makes them shorter, except at the start.
    const std::uint64_t choice = records_.count() < 4 ? random_.below(4) : random_.below(12);
    switch (choice) {
      case 0:
      case 1: return insert_operation();
      case 2:
      case 3: return insert_preemption();
      case 4: return repeat();
      case 5: return swap();
      case 6: return insert_other();
      case 7: return turn_cpu();
      case 8: return turn_byte();
      case 9: return turn_slightly();
      default: return remove();
    }
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(random_.below(256)); }
  std::size_t any() { return random_.below(records_.count()); }

  void insert(std::size_t index, std::uint64_t kind, std::uint8_t a, std::uint8_t b) {
    if (records_.full()) return;
    std::uint8_t* const record = records_.insert(index);
    record[0] = static_cast<std::uint8_t>(kind << 3U | random_.below(8));
    record[1] = a;
    record[2] = b;
  }

  // The page of some operation that is there already, mostly: a race needs CPUs that meet.
  std::uint8_t page() {
    for (int tries = 0; tries < 4 && records_.count() != 0; ++tries) {
      const std::size_t place = any();
      if (records_.is_operation(place)) return records_.at(place)[1];
    }
    return byte();
  }

  void insert_operation() { insert(random_.below(records_.count() + 1), random_.below(preempt_kind), page(), byte()); }

  // Behind an operation, or behind another exception of one. Half of the time the operation's own CPU is
  // named: the operation is suspended, and whatever is next in order runs.
  void insert_preemption() {
    if (records_.count() == 0) return insert_operation();
    if (records_.full()) return;
    const std::size_t place = any();
    const auto after = static_cast<std::uint8_t>(random_.below(4) != 0 ? 64 + random_.below(32) : byte());
    const std::uint64_t cpu = random_.below(2) != 0 ? *records_.at(place) & 7U : random_.below(8);
    insert(place + 1, preempt_kind, after, 0);
    *records_.at(place + 1) = static_cast<std::uint8_t>(preempt_kind << 3U | cpu);
  }

  void insert_other() { insert(random_.below(records_.count() + 1), evict_kind + random_.below(3), byte(), byte()); }

  void repeat() {
    if (records_.full()) return;
    std::uint8_t copy[record_size];
    std::copy_n(records_.at(any()), record_size, copy);
    std::copy_n(copy, record_size, records_.insert(random_.below(records_.count() + 1)));
  }

  void swap() {
    std::uint8_t* const one = records_.at(any());
    std::swap_ranges(one, one + record_size, records_.at(any()));
  }

  void turn_cpu() {
    std::uint8_t* const record = records_.at(any());
    if (*record >> 3U != machine_kind) *record = static_cast<std::uint8_t>((*record & ~7U) | random_.below(8));
  }

  void turn_byte() { records_.at(any())[random_.below(record_size)] = byte(); }

  // A step earlier or later, a page up or down.
  void turn_slightly() {
    std::uint8_t& value = records_.at(any())[1 + random_.below(record_size - 1)];
    value = static_cast<std::uint8_t>(value + random_.below(9) - 4);
  }

  void remove() { records_.erase(any()); }

  Records& records_;
  SplitMix64 random_;
};

}  // namespace

std::size_t mutate(std::uint8_t* data, std::size_t size, std::size_t max_size, std::uint64_t seed) {
  if (max_size < record_size) {
    std::fill_n(data, max_size, std::uint8_t{0});
    return max_size;
  }
  Records records(data, std::min(size, max_size), max_size);
  Mutator(records, seed).mutate();
  SHOOTDOWN_CHECK(records.count() != 0);
  return records.count() * record_size;
}

std::size_t cross_over(const std::uint8_t* first, std::size_t first_size, const std::uint8_t* second,
                       std::size_t second_size, std::uint8_t* out, std::size_t max_size, std::uint64_t seed) {
  SplitMix64 random(seed);
  const std::size_t head = random.below(first_size / record_size + 1) * record_size;
  const std::size_t skip = random.below(second_size / record_size + 1) * record_size;
  const std::size_t from_first = std::min(head, max_size);
  std::copy_n(first, from_first, out);
  const std::size_t from_second = std::min(second_size - skip, max_size - from_first);
  std::copy_n(second + skip, from_second, out + from_first);
  return from_first + from_second;
}

}  // namespace shootdown
