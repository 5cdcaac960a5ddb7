#include "fuzz/language/codec.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "engine/check.h"
#include "engine/events/names.h"
#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"

namespace shootdown {

namespace {

using Sort = RecordKind::Sort;

// The records of a program one after the other; one of kind `more` is part of the one before it.
class RecordReader {
 public:
  explicit RecordReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  // Goes to the next record; returns whether there is one.
  bool next() {
    if (rest_.empty()) return false;
    const std::uint8_t first = rest_[0];
    cpu = byte(1);
    arguments = {byte(2), byte(3)};
    advance();
    if (!rest_.empty() && record_kinds[rest_[0]].sort == Sort::more) {
      for (std::size_t i = 1; i < record_size; ++i) arguments[i + 1] = byte(i);
      advance();
    }
    kind = record_kind(first, arguments);
    return true;
  }

  RecordKind kind;
  std::uint8_t cpu = 0;
  ArgumentBytes arguments{};

 private:
  // Bytes beyond the end are zero.
  std::uint8_t byte(std::size_t index) const { return index < rest_.size() ? rest_[index] : std::uint8_t{0}; }
  void advance() { rest_ = rest_.subspan(std::min(record_size, rest_.size())); }

  std::span<const std::uint8_t> rest_;
};

// --- decoding ---

// A parameter's record has the number where others have a CPU, and the value in two arguments.
void decode_machine(std::span<const std::uint8_t> bytes, MachineConfig& machine) {
  machine = MachineConfig{};
  for (RecordReader records(bytes); records.next();) {
    if (records.kind.sort != Sort::parameter) continue;
    const RecordKind number = parameter_numbers[records.cpu];
    if (number.sort != Sort::parameter) continue;
    const ParameterInfo& parameter = parameter_table[number.index];
    const unsigned value = records.arguments[0] + 256U * records.arguments[1];
    machine.*parameter.field = static_cast<std::uint16_t>(parameter.min + value % (parameter.max - parameter.min + 1U));
  }
  machine.mms = std::min(machine.mms, machine.cpus);
  machine.windows = std::max(machine.windows, machine.files);
}

// False if the machine has nothing that such an operation could work on.
bool decode_operation(const RecordReader& record, const MachineConfig& machine, Operation& operation) {
  const OperationInfo& info = operation_table[record.kind.index];
  operation = {.call = info.call, .cpu = static_cast<std::uint8_t>(record.cpu % machine.cpus)};
  const std::uint8_t* argument = record.arguments.data();
  for (std::size_t i = 0; i < info.operands().size(); ++i) {
    const OperandForm& form = form_of(info.operands()[i]);
    if (!form.exists_on(machine)) return false;
    operation.operands[i] = form.decode(argument, machine);
    argument += form.arguments();
  }
  return true;
}

// Where an exception happens takes all arguments but the second, which says more of what happens.
void decode_place(const RecordReader& record, Exception& exception) {
  const auto& [near, detail, low, high, visit] = record.arguments;
  if (record.kind.at_event) {
    exception.event = near;
    exception.after = static_cast<std::uint16_t>(low + 1);
    exception.event_page = high == 0 ? Exception::any_page : static_cast<std::uint8_t>(high - 1);
  } else {
    exception.after = decode_steps(near, low, high);
    exception.visit = visit;
  }
}

// Whether the record of an exception at an event names one.
bool names_event(const RecordReader& record) {
  const EventKind event = record.arguments.front();
  return happens_on_cpu(event) && (event < first_newer_event || record.arguments.back() == event_mark(event));
}

// False if it names an event that there is not.
bool decode_exception(const RecordReader& record, const MachineConfig& machine, Exception& exception) {
  exception = {.kind = exception_table[record.kind.index].kind};
  decode_place(record, exception);
  if (says_cpu(exception.kind)) exception.cpu = static_cast<std::uint8_t>(record.cpu % machine.cpus);
  const std::uint8_t detail = record.arguments[1];
  if (exception.kind == Exception::Kind::preempt) {
    exception.latency = detail <= max_latency ? detail : std::uint8_t{0};
  } else if (says_page(exception.kind)) {
    exception.page = form_of(OperandKind::virtual_page).decode(&detail, machine).value;
  }
  return !record.kind.at_event || names_event(record);
}

// --- encoding ---

class Encoder {
 public:
  explicit Encoder(const Program& program) : program_(program) {}

  std::vector<std::uint8_t> encode() {
    put_machine();
    for (std::size_t i = 0; i < program_.operation_count; ++i) {
      const Operation& operation = program_.operations[i];
      put_operation(operation);
      for (std::size_t k = 0; k < operation.exception_count; ++k)
        put_exception(program_.exceptions[operation.first_exception + k]);
    }
    return std::move(bytes_);
  }

 private:
  void put_machine();
  void put_operation(const Operation& operation);
  void put_exception(const Exception& exception);

  void put(ByteValues kinds, std::uint8_t cpu, const ArgumentBytes& arguments) {
    bytes_.insert(bytes_.end(), {kinds.first, cpu, arguments[0], arguments[1]});
    if (std::ranges::all_of(std::span(arguments).subspan(2), [](std::uint8_t argument) { return argument == 0; }))
      return;
    bytes_.insert(bytes_.end(), {more_kinds.first, arguments[2], arguments[3], arguments[4]});
  }

  const Program& program_;
  std::vector<std::uint8_t> bytes_;
};

void Encoder::put_machine() {
  const MachineConfig defaults;
  for (const ParameterInfo& parameter : parameter_table) {
    if (program_.machine.*parameter.field == defaults.*parameter.field) continue;
    const unsigned value = program_.machine.*parameter.field - static_cast<unsigned>(parameter.min);
    put(parameter_kinds, parameter.numbers.first,
        {static_cast<std::uint8_t>(value & 0xFFU), static_cast<std::uint8_t>(value >> 8U)});
  }
}

void Encoder::put_operation(const Operation& operation) {
  const OperationInfo& info = info_of(operation.call);
  ArgumentBytes arguments{};
  std::uint8_t* argument = arguments.data();
  for (std::size_t i = 0; i < info.operands().size(); ++i) {
    const OperandForm& form = form_of(info.operands()[i]);
    form.encode(operation.operands[i], program_.machine, argument);
    argument += form.arguments();
  }
  if (info.marked) mark(arguments);
  put(info.kinds, operation.cpu, arguments);
}

void Encoder::put_exception(const Exception& exception) {
  ArgumentBytes arguments{};
  auto& [near, detail, low, high, visit] = arguments;
  const bool at_event = exception.event != Exception::steps;
  if (at_event) {
    near = exception.event;
    low = static_cast<std::uint8_t>(exception.after - 1);
    high = exception.event_page == Exception::any_page ? std::uint8_t{0}
                                                       : static_cast<std::uint8_t>(exception.event_page + 1);
    visit = event_mark(exception.event);
  } else {
    encode_steps(exception.after, near, low, high);
    visit = exception.visit;
  }
  if (exception.kind == Exception::Kind::preempt) {
    detail = exception.latency;
  } else if (says_page(exception.kind)) {
    form_of(OperandKind::virtual_page).encode({.value = exception.page}, program_.machine, &detail);
  }
  const ExceptionInfo& info = info_of(exception.kind);
  put(at_event ? info.kinds_at_event : info.kinds, exception.cpu, arguments);
}

}  // namespace

void decode(std::span<const std::uint8_t> bytes, Program& program) {
  decode_machine(bytes, program.machine);
  program.operation_count = 0;
  program.exception_count = 0;
  for (RecordReader records(bytes); records.next();) {
    if (records.kind.sort == Sort::operation) {
      if (program.operation_count == max_operations) return;
      Operation& operation = program.operations[program.operation_count];
      if (!decode_operation(records, program.machine, operation)) continue;
      ++program.operation_count;
      operation.first_exception = program.exception_count;
    } else if (records.kind.sort == Sort::exception && program.operation_count != 0 &&
               program.exception_count < max_exceptions) {
      if (!decode_exception(records, program.machine, program.exceptions[program.exception_count])) continue;
      ++program.exception_count;
      ++program.operations[program.operation_count - 1U].exception_count;
    }
  }
}

std::vector<std::uint8_t> encode(const Program& program) {
  return Encoder(program).encode();
}

void append_parameter(std::vector<std::uint8_t>& bytes, std::uint16_t MachineConfig::* field, int value) {
  const ParameterInfo& info = parameter_of(field);
  SHOOTDOWN_CHECK(value >= info.min && value - info.min <= std::numeric_limits<std::uint8_t>::max());
  bytes.insert(bytes.end(),
               {parameter_kinds.first, info.numbers.first, static_cast<std::uint8_t>(value - info.min), 0});
}

}  // namespace shootdown
