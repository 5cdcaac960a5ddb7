// A program: what a fuzz input means.
//
// A machine (how many CPUs, how large the files, which limits of the kernel),
// a list of operations, each on a virtual CPU, and a schedule. By default the
// operations run one after the other, in the order of the list. The schedule is
// its exceptions, each tied to an operation ("after 7 steps of this operation,
// switch to CPU 2"); or a seed for PCT.
//
// Exceptions are tied to operations, not counted from the start of the run, so that
// a change in one operation does not move the preemptions of all that follow.
//
// A Program is a plain value of fixed size without pointers. docs/input-format.md
// says how it is written as bytes and as text.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>

namespace shootdown {

inline constexpr int max_cpus = 8;
inline constexpr int max_mms = 4;
inline constexpr int max_files = 2;
inline constexpr int max_windows = 2;
inline constexpr int max_file_pages = 1024;
inline constexpr int max_frames = 2 * max_files * max_file_pages;
inline constexpr int max_words = 4;
inline constexpr int max_tlb_entries = 16;
inline constexpr int max_gather_bundle = 8;
inline constexpr int max_pct_depth = 8;
inline constexpr int max_operations = 128;
inline constexpr int max_exceptions = 4096;
inline constexpr int max_after = std::numeric_limits<std::uint16_t>::max();
inline constexpr int max_occurrence = 256;
inline constexpr int max_latency = 15;
inline constexpr int max_visit = 255;

// An address space is a row of windows, each as long as a file: window w shows file
// w mod files from its beginning.
inline constexpr int max_virtual_pages = max_windows * max_file_pages;

// A row of byte values that all mean one thing.
struct ByteValues {
  std::uint8_t first;
  std::uint8_t count;

  constexpr bool contains(unsigned value) const { return value >= first && value < first + 0U + count; }
};

// --- the machine ---

// The machine and the limits of the kernel: a field for each line of the list.
struct MachineConfig {
#define PARAMETER(name, first, count, min, max, value, description) std::uint16_t name = value;
#include "engine/program/parameters.def"
#undef PARAMETER

  bool operator==(const MachineConfig&) const = default;

  int mm_of(int cpu) const { return cpu % mms; }
  int virtual_pages() const { return windows * pages; }
  int file_of(int virtual_page) const { return (virtual_page / pages) % files; }
  int index_of(int virtual_page) const { return virtual_page % pages; }
  bool keeps_buffers() const { return buffers != 0 && tmpfs == 0; }
  // Whether an entry may be writable before its page is dirty, though stores are announced.
  bool mkwrite_leaves_clean() const { return mkwrite_dirties == 0 && keeps_buffers(); }
};

struct ParameterInfo {
  std::string_view name;
  std::uint16_t MachineConfig::* field;
  ByteValues numbers;
  std::uint16_t min;
  std::uint16_t max;
  std::string_view description;
};

inline constexpr std::array parameter_table{
#define PARAMETER(name, first, count, min, max, value, description) \
  ParameterInfo{#name, &MachineConfig::name, {first, count}, min, max, description},
#include "engine/program/parameters.def"
#undef PARAMETER
};

// --- operations ---

enum class OperandKind : std::uint8_t {
  virtual_page,   // a page of the address space of the operation's CPU
  virtual_range,  // several such, in one window
  virtual_move,   // the same, and the page that the first of them goes to; the two places do not overlap
  word,           // a word of a page
  file_page,      // a page of a file: file number times the file's length plus the page's index
  file_range,     // several such, of one file
  mm,             // an address space, but the first
};

// What an operation works on. What `value` is depends on the operand's kind: a page, the first of a range, a word, an mm.
struct Operand {
  std::uint16_t value = 0;
  std::uint16_t count = 0;  // of a range: its pages, from 1
  std::uint16_t to = 0;     // of a move: the page that `value` goes to

  bool operator==(const Operand&) const = default;
};

enum class Call : std::uint8_t {
#define OPERATION(name, ...) name,
#include "engine/program/operations.def"
#undef OPERATION
};

inline constexpr std::size_t max_operands = [] {
  using enum OperandKind;
  std::size_t most = 0;
#define OPERATION(name, first, count, description, ...) \
  most = std::max(most, std::initializer_list<OperandKind>{__VA_ARGS__}.size());
#include "engine/program/operations.def"
#undef OPERATION
  return most;
}();

class OperandKinds {
 public:
  constexpr OperandKinds(std::initializer_list<OperandKind> kinds) : count_(kinds.size()) {
    std::ranges::copy(kinds, kinds_.begin());
  }

  constexpr std::span<const OperandKind> all() const { return std::span(kinds_).first(count_); }

 private:
  std::array<OperandKind, max_operands> kinds_{};
  std::size_t count_;
};

struct OperationInfo {
  Call call;
  std::string_view name;
  ByteValues kinds;  // of records
  std::string_view description;
  bool marked;  // in bytes it needs a mark
  OperandKinds operand_kinds;

  constexpr std::span<const OperandKind> operands() const { return operand_kinds.all(); }
};

inline constexpr std::array operation_table = [] {
  using enum OperandKind;
  return std::array{
#define OPERATION(name, first, count, description, ...) \
  OperationInfo{Call::name, #name, {first, count}, description, false, {__VA_ARGS__}},
#define MARKED_OPERATION(name, first, count, description, ...) \
  OperationInfo{Call::name, #name, {first, count}, description, true, {__VA_ARGS__}},
#include "engine/program/operations.def"
#undef OPERATION
  };
}();

constexpr const OperationInfo& info_of(Call call) {
  return operation_table[static_cast<std::size_t>(call)];
}

struct Operation {
  Call call = Call::store;
  std::uint8_t cpu = 0;                          // who does it
  std::uint16_t first_exception = 0;             // its exceptions: their place in Program::exceptions,
  std::uint16_t exception_count = 0;             // and their number
  std::array<Operand, max_operands> operands{};  // as many as its call has; the others are 0

  bool operator==(const Operation&) const = default;
};

// --- the schedule ---

// Something that happens otherwise than the order of the list has it, at some place of an operation.
struct Exception {
  enum class Kind : std::uint8_t {
    preempt,  // the operation is suspended and another CPU runs
    evict,    // a TLB loses its entry for a page
    fill,     // a CPU's hardware loads a TLB entry for a page, unasked
    keep,     // the operation goes on, whoever were next in order
    fail,     // the operation's next allocation of memory fails
  };
  // In place of the number of an event, or of a page.
  static constexpr std::uint8_t steps = 255;
  static constexpr std::uint8_t any_page = 255;

  Kind kind = Kind::preempt;
  // preempt: who runs next; the operation's own CPU means whichever other is next in order.
  // evict, fill: whose TLB.
  std::uint8_t cpu = 0;
  std::uint8_t latency = 0;  // preempt: steps that `cpu` makes before it takes a pending interrupt, to max_latency
  // The place: after so many steps of the operation; or after so many events (1: the next) of one kind, counted from
  // the exception before, and those of one page only. The exceptions of one operation happen in their order.
  std::uint8_t event = steps;          // the kind of the events; `steps`: steps are counted
  std::uint8_t event_page = any_page;  // virtual, or the place in its file, whichever the event has
  std::uint16_t after = 0;
  // How often the CPU must have come back to this place first, after it had been blocked, preempted or interrupted
  // there: a place may be come to several times before the next step is made. Only where steps are counted.
  std::uint8_t visit = 0;
  std::uint16_t page = 0;  // evict, fill: a virtual page

  bool operator==(const Exception&) const = default;
};

struct Program {
  MachineConfig machine;
  std::uint8_t operation_count = 0;
  std::uint16_t exception_count = 0;
  std::array<Operation, max_operations> operations{};
  std::array<Exception, max_exceptions> exceptions{};  // of the first operation, then of the second, ...

  bool operator==(const Program& other) const {
    return machine == other.machine &&
           std::equal(operations.begin(), operations.begin() + operation_count, other.operations.begin(),
                      other.operations.begin() + other.operation_count) &&
           std::equal(exceptions.begin(), exceptions.begin() + exception_count, other.exceptions.begin(),
                      other.exceptions.begin() + other.exception_count);
  }
};

inline std::span<Operation> operations_of(Program& program) {
  return std::span(program.operations).first(program.operation_count);
}
inline std::span<const Operation> operations_of(const Program& program) {
  return std::span(program.operations).first(program.operation_count);
}

// Operations run one after the other, in their order: no exceptions, and nothing is drawn.
inline void drop_schedule(Program& program) {
  const MachineConfig defaults;
  program.machine.pct_depth = defaults.pct_depth;
  program.machine.pct_seed = defaults.pct_seed;
  program.machine.pct_steps = defaults.pct_steps;
  program.machine.sampler = defaults.sampler;
  program.exception_count = 0;
  for (Operation& operation : operations_of(program)) operation.first_exception = operation.exception_count = 0;
}

// Of all operations.
inline std::span<Exception> exceptions_of(Program& program) {
  return std::span(program.exceptions).first(program.exception_count);
}
inline std::span<const Exception> exceptions_of(const Program& program) {
  return std::span(program.exceptions).first(program.exception_count);
}

}  // namespace shootdown
