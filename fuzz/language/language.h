// The input language beyond the operations and parameters that engine/program
// lists: how records are laid out, which kinds they have, and which pages they
// can name.
//
// The codec, the text form, and everything that is generated from the language
// read these tables and those of engine/program/program.h. docs/input-format.md
// describes them for people, and a test holds it against them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/events/event.h"
#include "engine/program/program.h"

namespace shootdown {

// --- records ---

// A record is its kind, a CPU, and two arguments. One of kind `more` behind it adds three further arguments, which
// are 0 without it.
inline constexpr std::size_t record_size = 4;
inline constexpr std::size_t max_arguments = 5;

using ArgumentBytes = std::array<std::uint8_t, max_arguments>;

// Exceptions, with the kinds of records that mean each. KINDS ARE PERMANENT, see engine/program/operations.def.
struct ExceptionInfo {
  Exception::Kind kind;
  std::string_view name;
  ByteValues kinds;           // after so many steps
  ByteValues kinds_at_event;  // after an event
};

inline constexpr std::array exception_table{
    ExceptionInfo{Exception::Kind::preempt, "preempt", {216, 20}, {206, 4}},
    ExceptionInfo{Exception::Kind::evict, "evict", {236, 5}, {205, 1}},
    ExceptionInfo{Exception::Kind::fill, "fill", {241, 5}, {204, 1}},
    ExceptionInfo{Exception::Kind::keep, "keep", {214, 2}, {203, 1}},
    ExceptionInfo{Exception::Kind::fail, "fail", {212, 2}, {202, 1}},
};

constexpr const ExceptionInfo& info_of(Exception::Kind kind) {
  return exception_table[static_cast<std::size_t>(kind)];
}

// What else an exception says, by its kind.
constexpr bool says_cpu(Exception::Kind kind) {
  return kind != Exception::Kind::keep && kind != Exception::Kind::fail;
}
constexpr bool says_page(Exception::Kind kind) {
  return kind == Exception::Kind::evict || kind == Exception::Kind::fill;
}

constexpr const ParameterInfo& parameter_of(std::uint16_t MachineConfig::* field) {
  return *std::ranges::find(parameter_table, field, &ParameterInfo::field);
}

inline constexpr ByteValues parameter_kinds{246, 5};
inline constexpr ByteValues more_kinds{251, 5};

// What a record of each kind is, and which one of its sort.
struct RecordKind {
  enum class Sort : std::uint8_t { reserved, operation, exception, parameter, more };

  Sort sort = Sort::reserved;
  std::uint8_t index = 0;  // in operation_table or exception_table
  bool at_event = false;   // of an exception: its place is an event
};

using ByteTable = std::array<RecordKind, 256>;

// Notes what some byte values mean. What means two things does not compile.
constexpr void assign(ByteTable& table, ByteValues values, RecordKind meaning) {
  for (std::size_t i = values.first; i < values.first + std::size_t{values.count}; ++i) {
    if (i >= table.size() || table[i].sort != RecordKind::Sort::reserved) throw "a byte value has two meanings";
    table[i] = meaning;
  }
}

inline constexpr ByteTable record_kinds = [] {
  using enum RecordKind::Sort;
  ByteTable table{};
  std::uint8_t index = 0;
  for (const OperationInfo& info : operation_table) assign(table, info.kinds, {operation, index++});
  index = 0;
  for (const ExceptionInfo& info : exception_table) {
    assign(table, info.kinds, {exception, index});
    assign(table, info.kinds_at_event, {exception, index++, true});
  }
  assign(table, parameter_kinds, {parameter, 0});
  assign(table, more_kinds, {more, 0});
  return table;
}();

// What a record of an operation that is marked says in its last arguments: random bytes do not.
inline constexpr std::array<std::uint8_t, 2> operation_mark{76, 120};

constexpr bool is_marked(const ArgumentBytes& arguments) {
  return std::ranges::equal(operation_mark, std::span(arguments).last<operation_mark.size()>());
}
constexpr void mark(ArgumentBytes& arguments) {
  std::ranges::copy(operation_mark, arguments.end() - operation_mark.size());
}

// The last argument of an exception's record that names an event which is newer than such records, by a number that meant none in
// inputs that were kept.
inline constexpr std::uint8_t newer_event_mark = 120;
inline constexpr EventKind first_newer_event = kind_of<event::SetFileSize>;

// The last argument of a record that names the event; any other will do, too, if it is no newer one.
constexpr std::uint8_t event_mark(EventKind event) {
  return event < first_newer_event ? std::uint8_t{0} : newer_event_mark;
}

// What a record is, by its kind and by what it says.
constexpr RecordKind record_kind(std::uint8_t kind, const ArgumentBytes& arguments) {
  const RecordKind meaning = record_kinds[kind];
  const bool needs_mark = meaning.sort == RecordKind::Sort::operation && operation_table[meaning.index].marked;
  return needs_mark && !is_marked(arguments) ? RecordKind{} : meaning;
}

static_assert(2 * std::ranges::count(record_kinds, RecordKind::Sort::reserved, &RecordKind::sort) <= 256,
              "random bytes shall be interesting programs");

// Which parameter a number means: its place in parameter_table, or none.
inline constexpr ByteTable parameter_numbers = [] {
  ByteTable table{};
  std::uint8_t index = 0;
  for (const ParameterInfo& info : parameter_table) assign(table, info.numbers, {RecordKind::Sort::parameter, index++});
  return table;
}();

// The steps of an exception that one argument says; a second and a third add more.
inline constexpr unsigned max_near_after = 96;

// --- pages ---

// The pages that an operand may name, and how they are numbered in a record: in granules, so that one
// byte reaches them all.
struct PageSpace {
  int pages;    // in all
  int window;   // a range lies in one window of this length
  int granule;  // ceil(pages / 256)

  int granules() const { return (pages + granule - 1) / granule; }
  // The most granules that a range from `first` can have; the last one may be cut short by the window's end.
  int granules_from(int first) const { return (left_from(first) + granule - 1) / granule; }
  // The pages from `first` to its window's end.
  int left_from(int first) const { return window - first % window; }
};

constexpr PageSpace pages_of_windows(int windows, int length) {
  return {windows * length, length, (windows * length + 255) / 256};
}
constexpr PageSpace memory_pages(const MachineConfig& machine) {
  return pages_of_windows(machine.windows, machine.pages);
}
constexpr PageSpace pages_of_files(const MachineConfig& machine) {
  return pages_of_windows(machine.files, machine.pages);
}

}  // namespace shootdown
