#include "fuzz/triage/reductions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "fuzz/language/language.h"

namespace shootdown {

namespace {

// --- operations and exceptions ---

// A copy of the program with those operations that are kept, each changed by `change`, and those exceptions of them that are
// kept. `keep_operation(operation)` and `keep_exception(exception)` may change what they keep; numbers are those of the original.
template <typename KeepOperation, typename KeepException>
Program filtered(const Program& program, const KeepOperation& keep_operation, const KeepException& keep_exception) {
  Program rest;
  rest.machine = program.machine;
  for (int i = 0; i < program.operation_count; ++i) {
    Operation operation = program.operations[static_cast<std::size_t>(i)];
    const int first = operation.first_exception;
    const int end = first + operation.exception_count;
    if (!keep_operation(operation, i)) continue;
    operation.first_exception = rest.exception_count;
    for (int e = first; e < end; ++e) {
      Exception exception = program.exceptions[static_cast<std::size_t>(e)];  // NOLINT(misc-const-correctness)
      if (keep_exception(exception, e)) rest.exceptions[rest.exception_count++] = exception;
    }
    operation.exception_count = static_cast<std::uint16_t>(rest.exception_count - operation.first_exception);
    rest.operations[rest.operation_count++] = operation;
  }
  return rest;
}

constexpr auto keep_all = [](const auto& /*what*/, int /*number*/) { return true; };

// Keeps those whose numbers are not in the range.
constexpr auto all_but(int first, int length) {
  return [=](const auto& /*what*/, int number) { return number < first || number >= first + length; };
}

int operation_count(const Program& program) {
  return program.operation_count;
}

int exception_count(const Program& program) {
  return program.exception_count;
}
Program without_exceptions(const Program& program, int first, int length) {
  return filtered(program, keep_all, all_but(first, length));
}

// --- the machine: CPUs ---

// One stays.
int spare_cpus(const Program& program) {
  return program.machine.cpus - 1;
}

void set_cpus(MachineConfig& machine, int cpus) {
  machine.cpus = static_cast<std::uint16_t>(cpus);
  machine.mms = std::min(machine.mms, machine.cpus);
}

// They go with all that they do, and with what others do because of them. Those behind them get their numbers.
Program without_cpus(const Program& program, int first, int length) {
  const auto stays = [=](std::uint8_t& cpu) {
    if (cpu >= first && cpu < first + length) return false;
    if (cpu >= first) cpu = static_cast<std::uint8_t>(cpu - length);
    return true;
  };
  Program rest = filtered(
      program, [&](Operation& operation, int /*number*/) { return stays(operation.cpu); },
      [&](Exception& exception, int /*number*/) { return !says_cpu(exception.kind) || stays(exception.cpu); });
  set_cpus(rest.machine, program.machine.cpus - length);
  return rest;
}

// What one CPU does is done by another.
Program with_cpu_merged_into(const Program& program, int from, int into) {
  const auto merge = [=](std::uint8_t& cpu) {
    const int merged = cpu == from ? into : cpu;
    cpu = static_cast<std::uint8_t>(merged > from ? merged - 1 : merged);
  };
  Program merged = program;
  for (Operation& operation : operations_of(merged)) merge(operation.cpu);
  for (Exception& exception : exceptions_of(merged)) {
    if (says_cpu(exception.kind)) merge(exception.cpu);
  }
  set_cpus(merged.machine, program.machine.cpus - 1);
  return merged;
}

int cpu_count(const Program& program) {
  return program.machine.cpus;
}

// --- the machine: sizes ---

// What becomes of numbers when `length` are left out from `first` on, and so many are left: those behind them move up. What was
// about one that is left out is about what has come to its place then, or about the last.
struct Cut {
  int first = 0;
  int length = 0;
  int left = std::numeric_limits<int>::max();

  int operator()(int number) const {
    return std::min(number < first ? number : std::max(first, number - length), left - 1);
  }
};

struct Cuts {
  Cut mms;
  Cut files;
  Cut windows;
  Cut pages;
  Cut words;
};

// Renames what a program is about: its machine becomes smaller.
class Renaming {
 public:
  Renaming(const MachineConfig& before, const MachineConfig& after, const Cuts& cuts)
      : before_(before), after_(after), cuts_(cuts) {}

  int virtual_page(int page) const {
    return cuts_.windows(page / before_.pages) * after_.pages + cuts_.pages(page % before_.pages);
  }
  int file_page(int page) const {
    return cuts_.files(page / before_.pages) * after_.pages + cuts_.pages(page % before_.pages);
  }
  Operand operand(OperandKind kind, const Operand& operand) const;

 private:
  static Operand range(int first, int last) {
    return {.value = static_cast<std::uint16_t>(first), .count = static_cast<std::uint16_t>(last - first + 1)};
  }

  const MachineConfig& before_;
  const MachineConfig& after_;
  const Cuts& cuts_;
};

Operand Renaming::operand(OperandKind kind, const Operand& operand) const {
  const int first = operand.value;
  const int last = first + operand.count - 1;
  switch (kind) {
    case OperandKind::virtual_page: return {.value = static_cast<std::uint16_t>(virtual_page(first))};
    case OperandKind::virtual_range: return range(virtual_page(first), virtual_page(last));
    case OperandKind::virtual_move: {
      Operand move = range(virtual_page(first), virtual_page(last));
      move.to = static_cast<std::uint16_t>(virtual_page(operand.to));
      return move;
    }
    case OperandKind::file_page: return {.value = static_cast<std::uint16_t>(file_page(first))};
    case OperandKind::file_range: return range(file_page(first), file_page(last));
    case OperandKind::word: return {.value = static_cast<std::uint16_t>(cuts_.words(first))};
    case OperandKind::mm: return {.value = static_cast<std::uint16_t>(cuts_.mms(first))};
  }
  return operand;
}

Program renamed(const Program& program, const MachineConfig& machine, const Cuts& cuts) {
  const Renaming renaming(program.machine, machine, cuts);
  Program result = program;
  result.machine = machine;
  for (Operation& operation : operations_of(result)) {
    const std::span<const OperandKind> kinds = info_of(operation.call).operands();
    for (std::size_t i = 0; i < kinds.size(); ++i)
      operation.operands[i] = renaming.operand(kinds[i], operation.operands[i]);
  }
  for (Exception& exception : exceptions_of(result)) {
    if (says_page(exception.kind)) exception.page = static_cast<std::uint16_t>(renaming.virtual_page(exception.page));
    // It may be the place in a file; that is a page of the first window.
    if (exception.event_page != Exception::any_page)
      exception.event_page = static_cast<std::uint8_t>(renaming.virtual_page(exception.event_page));
  }
  return result;
}

template <std::uint16_t MachineConfig::* Size>
int spare(const Program& program) {
  return program.machine.*Size - 1;
}
template <std::uint16_t MachineConfig::* Size, Cut Cuts::* Which>
Program without_some(const Program& program, int first, int length) {
  MachineConfig machine = program.machine;
  machine.*Size = static_cast<std::uint16_t>(machine.*Size - length);
  Cuts cuts;
  cuts.*Which = {.first = first, .length = length, .left = machine.*Size};
  return renamed(program, machine, cuts);
}
template <std::uint16_t MachineConfig::* Size, Cut Cuts::* Which>
constexpr Removal removal_of{spare<Size>, without_some<Size, Which>};

constexpr std::array removals{
    Removal{operation_count, without_operations},
    Removal{exception_count, without_exceptions},
    Removal{spare_cpus, without_cpus},
    removal_of<&MachineConfig::mms, &Cuts::mms>,
    removal_of<&MachineConfig::windows, &Cuts::windows>,
    removal_of<&MachineConfig::files, &Cuts::files>,
    removal_of<&MachineConfig::pages, &Cuts::pages>,
    removal_of<&MachineConfig::words, &Cuts::words>,
};

// --- numbers ---

// Smaller ones, from `least` on, the smallest first.
std::vector<int> smaller(int number, int least) {
  std::vector<int> numbers;
  for (const int next : {least, least + (number - least) / 2, number - 1}) {
    if (next >= least && next < number && (numbers.empty() || next > numbers.back())) numbers.push_back(next);
  }
  return numbers;
}

// --- the other parameters ---

bool is_size(std::uint16_t MachineConfig::* parameter) {
  using Machine = MachineConfig;
  constexpr std::array sizes{&Machine::cpus,    &Machine::mms,   &Machine::files,
                             &Machine::windows, &Machine::pages, &Machine::words};
  return std::ranges::find(sizes, parameter) != sizes.end();
}

int parameter_count(const Program& /*program*/) {
  return static_cast<int>(parameter_table.size());
}

// The usual is the simplest.
std::vector<Program> with_simpler_parameter(const Program& program, int number) {
  const ParameterInfo& parameter = parameter_table[static_cast<std::size_t>(number)];
  const int value = program.machine.*parameter.field;
  const int usual = MachineConfig().*parameter.field;
  std::vector<Program> programs;
  if (is_size(parameter.field) || value == usual) return programs;
  std::vector<int> values{usual};
  for (const int less : smaller(value, parameter.min)) values.push_back(less);
  for (const int next : values) {
    programs.push_back(program);
    programs.back().machine.*parameter.field = static_cast<std::uint16_t>(next);
  }
  return programs;
}

// --- an operation ---

// What does the same to one page, and less besides.
std::vector<Operation> with_simpler_call(const Operation& operation) {
  std::vector<Operation> operations;
  Operation simpler = operation;
  if (operation.call == Call::populate) {
    simpler.call = Call::mmap;
    operations.push_back(simpler);
  } else if (operation.call == Call::touch && operation.operands[0].count == 1) {
    simpler.call = Call::store;
    simpler.operands[0].count = 0;
    operations.push_back(simpler);
  }
  return operations;
}

int least_value(OperandKind kind) {
  return kind == OperandKind::mm ? 1 : 0;
}

// Shorter ranges, from either end; then smaller numbers.
std::vector<Operand> simpler_operands(OperandKind kind, const Operand& operand) {
  std::vector<Operand> operands;
  for (const int count : smaller(operand.count, 1)) {
    operands.push_back(operand);
    operands.back().count = static_cast<std::uint16_t>(count);
    operands.push_back(operands.back());
    operands.back().value = static_cast<std::uint16_t>(operand.value + operand.count - count);
  }
  for (const int value : smaller(operand.value, least_value(kind))) {
    operands.push_back(operand);
    operands.back().value = static_cast<std::uint16_t>(value);
  }
  for (const int to : smaller(operand.to, 0)) {
    operands.push_back(operand);
    operands.back().to = static_cast<std::uint16_t>(to);
  }
  return operands;
}

std::vector<Program> with_simpler_operation(const Program& program, int number) {
  const auto place = static_cast<std::size_t>(number);
  const Operation& operation = program.operations[place];
  std::vector<Operation> operations = with_simpler_call(operation);
  const std::span<const OperandKind> kinds = info_of(operation.call).operands();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    for (const Operand& operand : simpler_operands(kinds[i], operation.operands[i])) {
      operations.push_back(operation);
      operations.back().operands[i] = operand;
    }
  }
  std::vector<Program> programs;
  for (const Operation& simpler : operations) {
    programs.push_back(program);
    programs.back().operations[place] = simpler;
  }
  return programs;
}

// --- an exception ---

// An earlier place, a more prompt CPU, a smaller page.
std::vector<Exception> simpler_exceptions(const Exception& exception) {
  std::vector<Exception> exceptions;
  const auto lower = [&]<typename Number>(Number Exception::* field, int least) {
    for (const int number : smaller(exception.*field, least)) {
      exceptions.push_back(exception);
      exceptions.back().*field = static_cast<Number>(number);
    }
  };
  lower(&Exception::latency, 0);
  lower(&Exception::visit, 0);
  lower(&Exception::after, exception.event == Exception::steps ? 0 : 1);
  lower(&Exception::page, 0);
  return exceptions;
}

std::vector<Program> with_simpler_exception(const Program& program, int number) {
  const auto place = static_cast<std::size_t>(number);
  std::vector<Program> programs;
  for (const Exception& simpler : simpler_exceptions(program.exceptions[place])) {
    programs.push_back(program);
    programs.back().exceptions[place] = simpler;
  }
  return programs;
}

constexpr std::array simplifications{
    Simplification{cpu_count, with_cpu_merged},
    Simplification{parameter_count, with_simpler_parameter},
    Simplification{operation_count, with_simpler_operation},
    Simplification{exception_count, with_simpler_exception},
};

}  // namespace

Program without_operations(const Program& program, int first, int length) {
  return filtered(program, all_but(first, length), keep_all);
}

std::vector<Program> with_cpu_merged(const Program& program, int cpu) {
  std::vector<Program> merged;
  for (int into = 0; into < program.machine.cpus; ++into) {
    if (into != cpu) merged.push_back(with_cpu_merged_into(program, cpu, into));
  }
  return merged;
}

std::span<const Removal> all_removals() {
  return removals;
}

std::span<const Simplification> all_simplifications() {
  return simplifications;
}

}  // namespace shootdown
