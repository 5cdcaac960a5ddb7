#include "fuzz/language/mutator.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/check.h"
#include "engine/events/names.h"
#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"

namespace shootdown {

namespace {

using Sort = RecordKind::Sort;

// The records of a program, in a buffer of fixed room. A partial record at the end is dropped.
class Records {
 public:
  Records(std::uint8_t* data, std::size_t size, std::size_t max_size)
      : data_(data), count_(size / record_size), room_(max_size / record_size) {}

  std::size_t count() const { return count_; }
  bool full() const { return count_ == room_; }
  std::uint8_t* at(std::size_t index) { return data_ + index * record_size; }
  RecordKind kind(std::size_t index) { return record_kind(*at(index), arguments(index)); }
  bool is_more(std::size_t index) { return index < count_ && record_kinds[*at(index)].sort == Sort::more; }
  bool is(std::size_t index, Sort sort) { return index < count_ && kind(index).sort == sort; }

  // What a record says, and the one of kind `more` behind it.
  ArgumentBytes arguments(std::size_t index) {
    ArgumentBytes arguments{at(index)[2], at(index)[3]};
    if (is_more(index + 1)) std::copy_n(at(index + 1) + 1, record_size - 1, arguments.begin() + 2);
    return arguments;
  }
  // Puts a record of kind `more` behind it if that is needed; without room for it, what it would say is lost.
  void set_arguments(std::size_t index, const ArgumentBytes& arguments) {
    std::copy_n(arguments.begin(), 2, at(index) + 2);
    const bool needed =
        std::any_of(arguments.begin() + 2, arguments.end(), [](std::uint8_t value) { return value != 0; });
    if (needed && !is_more(index + 1) && !full()) *insert(index + 1) = more_kinds.first;
    if (is_more(index + 1)) std::copy_n(arguments.begin() + 2, record_size - 1, at(index + 1) + 1);
  }

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

// The kinds of records that mean operations of the model: as often as random bytes would hit them.
struct OperationKinds {
  std::array<std::uint8_t, record_kinds.size()> kinds{};
  std::size_t count = 0;
};

constexpr OperationKinds operation_kinds = [] {
  OperationKinds result;
  for (std::size_t i = 0; i < record_kinds.size(); ++i) {
    if (record_kind(static_cast<std::uint8_t>(i), {}).sort == Sort::operation)
      result.kinds[result.count++] = static_cast<std::uint8_t>(i);
  }
  return result;
}();

// And of those that random bytes would not hit.
constexpr OperationKinds marked_kinds = [] {
  OperationKinds result;
  for (const OperationInfo& info : operation_table) {
    if (info.marked) result.kinds[result.count++] = info.kinds.first;
  }
  return result;
}();

// No two of its random numbers are arguments of one call: the order in which those are evaluated is the compiler's choice, and
// mutants are the same in every build.
class Mutator {
 public:
  Mutator(Records& records, std::uint64_t seed)
      : records_(records), random_(seed), draws_marked_(random_.below(4) == 0) {}

  void mutate(std::uint64_t changes) {
    for (; changes != 0; --changes) change();
  }
  // Small changes refine a program; large ones make a new one.
  void mutate() { mutate(std::uint64_t{1} << random_.below(6)); }

 private:
  void change() {
    // A short program shows more than a long one: what makes programs longer is as frequent as what
    // makes them shorter, except at the start.
    const std::uint64_t choice = records_.count() < 4 ? random_.below(4) : random_.below(13);
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
      case 9: return turn_argument();
      case 10: return turn_call();
      default: return remove();
    }
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(random_.below(256)); }
  std::uint8_t cpu() { return static_cast<std::uint8_t>(random_.below(max_cpus)); }
  std::size_t any() { return random_.below(records_.count()); }
  std::size_t anywhere() { return random_.below(records_.count() + 1); }

  void insert(std::size_t index, const std::array<std::uint8_t, record_size>& record) {
    if (!records_.full()) std::ranges::copy(record, records_.insert(index));
  }

  // Of some operation that is there already, mostly: a race needs CPUs that meet.
  std::uint8_t byte_of_operation(std::size_t number) {
    for (int tries = 0; tries < 4 && records_.count() != 0; ++tries) {
      const std::size_t place = any();
      if (records_.is(place, Sort::operation)) return records_.at(place)[number];
    }
    return byte();
  }
  std::uint8_t page() { return byte_of_operation(2); }
  std::uint8_t busy_cpu() { return byte_of_operation(1); }

  void insert_operation() {
    if (draws_marked_ && random_.below(2) == 0) return insert_marked();
    const std::uint8_t kind = operation_kinds.kinds[random_.below(operation_kinds.count)];
    const std::size_t place = anywhere();
    insert(place, {kind, cpu(), page(), byte()});
  }

  void insert_marked() {
    if (records_.full()) return;
    const std::uint8_t kind = marked_kinds.kinds[random_.below(marked_kinds.count)];
    const std::size_t place = anywhere();
    ArgumentBytes arguments{page(), byte(), byte()};
    mark(arguments);
    insert(place, {kind, cpu(), 0, 0});
    records_.set_arguments(place, arguments);
  }

  // Behind an operation, or behind another exception of one. Half of the time the operation's own CPU is
  // named: the operation is suspended, and whatever is next in order runs.
  void insert_preemption() {
    if (records_.count() == 0) return insert_operation();
    const std::size_t place = any();
    const std::uint8_t own = records_.at(place)[1];
    const auto after = static_cast<std::uint8_t>(random_.below(4) != 0 ? 64 + random_.below(32) : byte());
    const std::uint8_t who = random_.below(2) != 0 ? own : busy_cpu();
    const ExceptionInfo& preempt = info_of(Exception::Kind::preempt);
    if (random_.below(8) != 0) return insert(place + 1, {preempt.kinds.first, who, after, 0});
    if (records_.full()) return;
    const auto event = static_cast<EventKind>(random_.below(AllEvents::size));
    ArgumentBytes arguments{event};
    arguments.back() = event_mark(event);
    insert(place + 1, {preempt.kinds_at_event.first, who, 0, 0});
    records_.set_arguments(place + 1, arguments);
  }

  void insert_other() {
    const std::uint64_t choice = random_.below(5);
    if (choice == 3) return insert_parameter();
    if (choice == 4) return insert_more();
    const std::size_t place = anywhere();
    switch (choice) {
      case 0: return insert(place, {info_of(Exception::Kind::evict).kinds.first, cpu(), byte(), byte()});
      case 1: return insert(place, {info_of(Exception::Kind::fill).kinds.first, cpu(), byte(), byte()});
      default: return insert(place, {info_of(Exception::Kind::fail).kinds.first, 0, byte(), 0});
    }
  }

  // Half of the time the smallest files, where all operations meet.
  void insert_parameter() {
    if (random_.below(2) == 0) {
      const auto length = random_.below(2) == 0 ? &MachineConfig::pages : &MachineConfig::words;
      return insert_parameter(parameter_of(length), 0, 0);
    }
    const ParameterInfo& parameter = parameter_table[random_.below(parameter_table.size())];
    if (random_.below(4) != 0) return insert_parameter(parameter, static_cast<std::uint8_t>(random_.below(4)), 0);
    const std::uint8_t low = byte();
    insert_parameter(parameter, low, static_cast<std::uint8_t>(random_.below(8)));
  }

  void insert_parameter(const ParameterInfo& parameter, std::uint8_t low, std::uint8_t high) {
    insert(anywhere(), {parameter_kinds.first, parameter.numbers.first, low, high});
  }

  // Some more steps for an exception, rather than many: most operations have few.
  void insert_more() {
    const std::size_t place = any();
    const auto high = static_cast<std::uint8_t>(random_.below(8) == 0 ? random_.below(8) : 0);
    if (records_.is(place, Sort::exception)) insert(place + 1, {more_kinds.first, byte(), high, 0});
  }

  void repeat() {
    if (records_.full()) return;
    std::array<std::uint8_t, record_size> copy{};
    const std::size_t original = any();
    std::copy_n(records_.at(original), record_size, copy.begin());
    const ArgumentBytes arguments = records_.arguments(original);
    const bool needs_mark = records_.is(original, Sort::operation) && is_marked(arguments);
    const std::size_t place = anywhere();
    insert(place, copy);
    if (needs_mark) records_.set_arguments(place, arguments);
  }

  void swap() {
    std::uint8_t* const one = records_.at(any());
    std::swap_ranges(one, one + record_size, records_.at(any()));
  }

  void turn_cpu() {
    const std::size_t place = any();
    if (!records_.is(place, Sort::parameter)) records_.at(place)[1] = cpu();
  }

  void turn_byte() { records_.at(any())[random_.below(record_size)] = byte(); }

  // One thing that a record says: a page up or down, for instance, or a step earlier or later.
  void turn_argument() {
    const std::size_t place = any();
    ArgumentBytes arguments = records_.arguments(place);
    const RecordKind kind = records_.kind(place);
    switch (kind.sort) {
      case Sort::operation: turn_operand(operation_table[kind.index], arguments); break;
      case Sort::exception: turn_exception(exception_table[kind.index], kind.at_event, arguments); break;
      default: mutate_byte(arguments[random_.below(2)], random_);
    }
    records_.set_arguments(place, arguments);
  }

  // Another operation on the same page, by the same CPU.
  void turn_call() {
    const std::size_t place = any();
    if (!records_.is(place, Sort::operation)) return;
    ArgumentBytes arguments = records_.arguments(place);
    const OperationInfo& info = any_operation();
    *records_.at(place) = info.kinds.first;
    if (info.marked) mark(arguments);
    records_.set_arguments(place, arguments);
  }

  const OperationInfo& any_operation() {
    while (true) {
      const OperationInfo& info = operation_table[random_.below(operation_table.size())];
      if (!info.marked || draws_marked_) return info;
    }
  }

  void turn_operand(const OperationInfo& info, ArgumentBytes& arguments) {
    if (info.operands().empty()) return;
    std::uint8_t* argument = arguments.data();
    const std::size_t chosen = random_.below(info.operands().size());
    for (std::size_t i = 0; i < chosen; ++i) argument += form_of(info.operands()[i]).arguments();
    form_of(info.operands()[chosen]).mutate(argument, random_);
  }

  void turn_exception(const ExceptionInfo& info, bool at_event, ArgumentBytes& arguments) {
    auto& [near, detail, low, high, visit] = arguments;
    const bool says_more = info.kind == Exception::Kind::preempt || says_page(info.kind);
    const bool turns_place = !says_more || random_.below(2) != 0;
    if (turns_place && at_event) {
      near = byte();
      visit = event_mark(near);
    } else if (turns_place) {
      const auto steps = static_cast<int>(decode_steps(near, low, high) + random_.below(9)) - 4;
      encode_steps(static_cast<unsigned>(std::clamp(steps, 0, max_after)), near, low, high);
    } else if (info.kind == Exception::Kind::preempt) {
      detail = static_cast<std::uint8_t>(random_.below(max_latency + 1));
    } else {
      form_of(OperandKind::virtual_page).mutate(&detail, random_);
    }
  }

  void remove() { records_.erase(any()); }

  Records& records_;
  SplitMix64 random_;
  // Now and then, so that they do not come into every program (swarm testing).
  bool draws_marked_;
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

std::vector<std::uint8_t> mutant_of(std::vector<std::uint8_t> bytes, SplitMix64& random) {
  constexpr std::size_t room = 64;  // to grow, in bytes
  const std::size_t size = bytes.size();
  bytes.resize(size + room);
  std::uint64_t changes = size == 0 ? 8 : 1;
  while (changes < 32 && random.below(2) != 0) ++changes;
  Records records(bytes.data(), size, bytes.size());
  Mutator(records, random.next()).mutate(changes);
  bytes.resize(records.count() * record_size);
  return bytes;
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
