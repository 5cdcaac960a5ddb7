#include "fuzz/language/arrangement.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "fuzz/language/codec.h"
#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"

namespace shootdown {

namespace {

constexpr std::size_t most_operations = 32;

std::uint8_t any_cpu(const MachineConfig& machine, SplitMix64& random) {
  return static_cast<std::uint8_t>(random.below(machine.cpus));
}

// Few more often than many: most operations have no more than some dozens.
std::uint16_t some_steps(SplitMix64& random) {
  const std::uint64_t limit = random.below(160);
  return static_cast<std::uint16_t>(random.below(limit + 1));
}

// Any kind of operation, on the page that `other` works on.
Operation another_call(const Operation& other, const MachineConfig& machine, SplitMix64& random) {
  const OperationInfo& info = operation_table[random.below(operation_table.size())];
  Operation operation{.call = info.call, .cpu = other.cpu};
  for (std::size_t i = 0; i < info.operands().size(); ++i) {
    const OperandForm& form = form_of(info.operands()[i]);
    if (!form.exists_on(machine)) return other;
    std::array<std::uint8_t, max_arguments> arguments{};
    arguments[0] = static_cast<std::uint8_t>(other.operands[0].value);
    operation.operands[i] = form.decode(arguments.data(), machine);
  }
  return operation;
}

// Mostly the same.
Operation changed(Operation operation, const MachineConfig& machine, SplitMix64& random) {
  if (random.below(12) == 0) operation = another_call(operation, machine, random);
  if (random.below(6) == 0) operation.cpu = any_cpu(machine, random);
  return operation;
}

// The smallest files, where all operations meet.
void put_on_one_page(std::vector<std::uint8_t>& bytes) {
  append_parameter(bytes, &MachineConfig::pages, 1);
  append_parameter(bytes, &MachineConfig::words, 1);
}

// How often an operation is there: mostly once; of two programs together half of the operations.
std::uint64_t times(bool two_programs, SplitMix64& random) {
  if (two_programs) return random.below(2);
  const std::uint64_t draw = random.below(8);
  return draw < 2 ? 2 * draw : 1;
}

// Mostly a preemption.
Exception any_exception(const Program& program, const Operation& operation, SplitMix64& random) {
  using enum Exception::Kind;
  constexpr std::array others{evict, fill, keep, fail};
  Exception exception{.kind = preempt, .cpu = any_cpu(program.machine, random)};
  exception.after = some_steps(random);
  if (random.below(4) == 0) exception.kind = others[random.below(others.size())];
  if (says_page(exception.kind)) {
    exception.page = static_cast<std::uint16_t>(operation.operands[0].value % program.machine.virtual_pages());
  } else if (!says_cpu(exception.kind)) {
    exception.cpu = 0;
  }
  return exception;
}

void draw_exceptions(Program& program, SplitMix64& random) {
  std::array<std::uint8_t, max_operations> counts{};
  for (std::uint64_t left = 1 + random.below(3); left != 0; --left) ++counts[random.below(program.operation_count)];
  const std::uint8_t* count = counts.data();
  for (Operation& operation : operations_of(program)) {
    operation.first_exception = program.exception_count;
    operation.exception_count = *count++;
    for (int i = 0; i < operation.exception_count; ++i)
      program.exceptions[program.exception_count++] = any_exception(program, operation, random);
  }
}

// Each keeps its order; some of one, then some of the other.
std::vector<Operation> merged(std::span<const Operation> one, std::span<const Operation> other, SplitMix64& random) {
  std::vector<Operation> result;
  while (!one.empty() || !other.empty()) {
    if (one.empty() || (!other.empty() && random.below(3) == 0)) std::swap(one, other);
    result.push_back(one.front());
    one = one.subspan(1);
  }
  return result;
}

}  // namespace

void draw_schedule(Program& program, SplitMix64& random) {
  drop_schedule(program);
  if (program.operation_count == 0) return;
  if (random.below(2) == 0) return draw_exceptions(program, random);
  program.machine.pct_depth = static_cast<std::uint16_t>(1 + random.below(4));
  program.machine.pct_seed = static_cast<std::uint16_t>(random.below(2048));
  program.machine.pct_steps = static_cast<std::uint16_t>(32U << random.below(4));
}

void arrange(const std::vector<std::uint8_t>& original, const std::vector<std::uint8_t>& other, SplitMix64& random,
             Program& program) {
  std::vector<std::uint8_t> bytes = original;
  const bool two_programs = random.below(2) == 0;
  decode(original, program);
  const std::size_t of_original = program.operation_count;
  if (two_programs) bytes.insert(bytes.end(), other.begin(), other.end());
  if (two_programs || random.below(2) == 0) put_on_one_page(bytes);
  if (random.below(4) == 0) {
    const ParameterInfo& parameter = parameter_table[random.below(parameter_table.size())];
    append_parameter(bytes, parameter.field, parameter.min + static_cast<int>(random.below(4)));
  }
  decode(bytes, program);
  std::array<std::vector<Operation>, 2> from;
  for (std::size_t i = 0; i < program.operation_count; ++i) {
    for (std::uint64_t left = times(two_programs, random); left != 0; --left)
      from[i < of_original ? 0 : 1].push_back(changed(program.operations[i], program.machine, random));
  }
  std::vector<Operation> operations = merged(from[0], from[1], random);
  operations.resize(std::min(operations.size(), most_operations));
  if (operations.size() > 1 && random.below(2) == 0) {
    const std::uint64_t one = random.below(operations.size());
    std::swap(operations[one], operations[random.below(operations.size())]);
  }
  program.operation_count = static_cast<std::uint8_t>(operations.size());
  std::ranges::copy(operations, program.operations.begin());
  drop_schedule(program);
}

}  // namespace shootdown
