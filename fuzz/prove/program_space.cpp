#include "fuzz/prove/program_space.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "engine/check.h"
#include "fuzz/io/names.h"
#include "fuzz/io/output.h"
#include "fuzz/language/text.h"

namespace shootdown {

std::vector<Call> default_calls() {
  std::vector<Call> calls;
  for (const OperationInfo& info : operation_table) {
    if (!info.marked && info.call != Call::touch && info.call != Call::exit) calls.push_back(info.call);
  }
  return calls;
}

std::variant<std::vector<Call>, InputError> select_calls(std::string_view list) {
  if (list.empty()) return default_calls();
  std::vector<Call> calls;
  for (const std::string_view name : names_in(list)) {
    const auto* const info = std::ranges::find(operation_table, name, &OperationInfo::name);
    if (info == operation_table.end()) return InputError{fmt::format("there is no operation '{}'", printable(name))};
    if (info->call == Call::exit)
      return InputError{"each thread ends with an exit as it is, and behind it there is nothing to do"};
    if (std::ranges::find(calls, info->call) != calls.end())
      return InputError{fmt::format("'{}' is there twice", name)};
    calls.push_back(info->call);
  }
  return calls;
}

// --- operations ---

namespace {

// The ranges of pages that are numbered in one row, but end where a window or a file does.
std::vector<Operand> ranges(int rows, int pages) {
  std::vector<Operand> all;
  for (int first = 0; first < rows * pages; ++first) {
    for (int count = 1; first % pages + count <= pages; ++count)
      all.push_back({.value = static_cast<std::uint16_t>(first), .count = static_cast<std::uint16_t>(count)});
  }
  return all;
}

std::vector<Operand> moves(const MachineConfig& machine) {
  std::vector<Operand> all;
  for (const Operand& from : ranges(machine.windows, machine.pages)) {
    for (const Operand& to : ranges(machine.windows, machine.pages)) {
      const bool overlap = from.value < to.value + to.count && to.value < from.value + from.count;
      if (from.count == to.count && !overlap) all.push_back({.value = from.value, .count = from.count, .to = to.value});
    }
  }
  return all;
}

std::vector<Operand> numbers(int first, int end) {
  std::vector<Operand> all;
  for (int number = first; number < end; ++number) all.push_back({.value = static_cast<std::uint16_t>(number)});
  return all;
}

}  // namespace

std::vector<Operand> operands_of(OperandKind kind, const MachineConfig& machine) {
  switch (kind) {
    case OperandKind::virtual_page: return numbers(0, machine.virtual_pages());
    case OperandKind::virtual_range: return ranges(machine.windows, machine.pages);
    case OperandKind::virtual_move: return moves(machine);
    case OperandKind::word: return numbers(0, machine.words);
    case OperandKind::file_page: return numbers(0, machine.files * machine.pages);
    case OperandKind::file_range: return ranges(machine.files, machine.pages);
    case OperandKind::mm: return numbers(1, machine.mms);
  }
  return {};
}

namespace {

void add_operations(Call call, const MachineConfig& machine, std::vector<Operation>& operations) {
  std::vector<Operation> some{{.call = call}};
  std::size_t place = 0;
  for (const OperandKind kind : info_of(call).operands()) {
    std::vector<Operation> longer;
    for (const Operation& operation : some) {
      for (const Operand& operand : operands_of(kind, machine)) {
        longer.push_back(operation);
        longer.back().operands[place] = operand;
      }
    }
    some = std::move(longer);
    ++place;
  }
  operations.insert(operations.end(), some.begin(), some.end());
}

// The largest number if it is more than that.
std::uint64_t product(std::uint64_t one, std::uint64_t other) {
  std::uint64_t result = 0;
  return __builtin_mul_overflow(one, other, &result) ? std::numeric_limits<std::uint64_t>::max() : result;
}
std::uint64_t sum(std::uint64_t one, std::uint64_t other) {
  std::uint64_t result = 0;
  return __builtin_add_overflow(one, other, &result) ? std::numeric_limits<std::uint64_t>::max() : result;
}

}  // namespace

ProgramSpace::ProgramSpace(const std::vector<Call>& calls, int operations, const MachineConfig& machine)
    : machine_(machine) {
  for (const Call call : calls) {
    SHOOTDOWN_CHECK(call != Call::exit);
    add_operations(call, machine, operations_);
  }
  std::vector<int> lengths;
  for (int length = 1; length <= operations; ++length) add_blocks(lengths, length);
}

// In all ways to share the operations that are left among the CPUs that are; the first ones have the most.
void ProgramSpace::add_blocks(std::vector<int>& lengths, int left) {
  const bool is_last = lengths.size() + 1 == machine_.cpus;
  for (int length = left; length >= (is_last ? left : 0); --length) {
    lengths.push_back(length);
    if (is_last) {
      blocks_.push_back({.lengths = lengths, .first = size_});
      const int all = std::accumulate(lengths.begin(), lengths.end(), 0);
      std::uint64_t programs = 1;
      for (int i = 0; i < all; ++i) programs = product(programs, operations_.size());
      size_ = sum(size_, programs);
    } else {
      add_blocks(lengths, left - length);
    }
    lengths.pop_back();
  }
}

// The first operation of the first CPU changes last.
ProgramSpace::Sequences ProgramSpace::at(std::uint64_t place) const {
  const auto next = std::ranges::upper_bound(blocks_, place, {}, &Block::first);
  const Block& block = *std::prev(next);
  place -= block.first;
  Sequences sequences;
  for (const int length : block.lengths) sequences.emplace_back(static_cast<std::size_t>(length));
  for (auto& sequence : std::views::reverse(sequences)) {
    for (auto& operation : std::views::reverse(sequence)) {
      operation = place % operations_.size();
      place /= operations_.size();
    }
  }
  return sequences;
}

// --- symmetry ---

ProgramSpace::Sequences ProgramSpace::canonical(const Sequences& sequences) const {
  if (sequences.size() != 2) return sequences;
  const auto& first = sequences.front();
  const auto& second = sequences.back();
  const bool is_first = first.size() != second.size() ? first.size() > second.size() : first <= second;
  return is_first ? sequences : Sequences{second, first};
}

std::vector<std::uint64_t> ProgramSpace::places(const Shard& shard) const {
  std::vector<std::uint64_t> places;
  std::uint64_t number = 0;
  for (std::uint64_t place = 0; place < size_; ++place) {
    const Sequences sequences = at(place);
    if (sequences == canonical(sequences) && shard.has(number++)) places.push_back(place);
  }
  return places;
}

// --- programs ---

Program ProgramSpace::program(const Sequences& sequences) const {
  Program program{.machine = machine_};
  for (std::size_t cpu = 0; cpu < sequences.size(); ++cpu) {
    for (const std::size_t number : sequences[cpu]) {
      SHOOTDOWN_CHECK(program.operation_count < max_operations);
      Operation& operation = program.operations[program.operation_count++];
      operation = operations_[number];
      operation.cpu = static_cast<std::uint8_t>(cpu);
    }
  }
  return program;
}

std::string ProgramSpace::text(const Sequences& sequences) const {
  std::string text;
  for (std::size_t cpu = 0; cpu < sequences.size(); ++cpu) {
    if (cpu != 0) text += " | ";
    if (sequences[cpu].empty()) text += "nothing";
    for (std::size_t i = 0; i < sequences[cpu].size(); ++i)
      text += fmt::format("{}{}", i == 0 ? "" : "; ", print(operations_[sequences[cpu][i]], machine_));
  }
  return text;
}

}  // namespace shootdown
