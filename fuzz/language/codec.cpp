#include "fuzz/language/codec.h"

#include <algorithm>
#include <cstddef>

#include "fuzz/language/language.h"

namespace shootdown {

namespace {

struct Record {
  std::uint8_t kind;  // 0 to 31
  std::uint8_t low;   // 0 to 7
  std::uint8_t a;
  std::uint8_t b;
};

// The record at `at`; bytes beyond the end are zero.
Record record_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  const std::uint8_t tag = bytes[at];
  const std::uint8_t a = at + 1 < bytes.size() ? bytes[at + 1] : 0;
  const std::uint8_t b = at + 2 < bytes.size() ? bytes[at + 2] : 0;
  return {static_cast<std::uint8_t>(tag >> 3U), static_cast<std::uint8_t>(tag & 7U), a, b};
}

// Which operation a kind means: operation_table, turned around.
constexpr auto call_of_kind = [] {
  std::array<Call, preempt_kind> calls{};
  for (const OperationInfo& info : operation_table) {
    for (unsigned i = 0; i < info.kinds; ++i) calls[info.first_kind + i] = info.call;
  }
  return calls;
}();

void decode_machine(std::span<const std::uint8_t> bytes, MachineConfig& machine) {
  machine = MachineConfig{};
  for (std::size_t at = 0; at < bytes.size(); at += record_size) {
    if (bytes[at] >> 3U != machine_kind) continue;
    const Record record = record_at(bytes, at);
    const ParameterInfo& parameter = parameter_table[record.a % parameter_table.size()];
    const unsigned value = static_cast<unsigned>(record.low) << 8U | record.b;
    machine.*parameter.field = static_cast<std::uint16_t>(parameter.min + value % (parameter.max - parameter.min + 1U));
  }
  machine.mms = std::min(machine.mms, machine.cpus);
  machine.windows = std::max(machine.windows, machine.files);
}

Operation decode_operation(const Record& record, const MachineConfig& machine) {
  Operation operation{.call = call_of_kind[record.kind], .cpu = static_cast<std::uint8_t>(record.low % machine.cpus)};
  if (operation.call == Call::exit) return operation;
  const PageSpace space = page_space(machine, operation.call);
  const int first = record.a % space.granules() * space.granule;
  operation.first = static_cast<std::uint16_t>(first);
  if (takes_word(operation.call)) {
    operation.second = record.b % machine.words;
  } else if (takes_range(operation.call)) {
    const int count = (1 + record.b % space.granules_from(first)) * space.granule;
    operation.second = static_cast<std::uint16_t>(std::min(count, space.window - first % space.window));
  }
  return operation;
}

// Small numbers of steps are the interesting ones, and none most of all: then the exception falls between
// two operations. 0 to 63 mean 0; 64 to 191 mean 1 to 32, four times over; the rest 33 to 96.
std::uint16_t decode_after(std::uint8_t byte) {
  if (byte < 64) return 0;
  return static_cast<std::uint16_t>(byte < 192 ? 1 + byte % 32 : byte - 192 + 33);
}

std::uint8_t encode_after(unsigned after) {
  if (after == 0) return 0;
  return static_cast<std::uint8_t>(after <= 32 ? 64 + (after - 1) : 192 + (after - 33));
}

// A preemption's second byte: 0 to 15 is the latency; 16 to 191 mean 0; from 192 on it counts further
// steps by 256.
Exception decode_exception(const Record& record, const MachineConfig& machine) {
  Exception exception{.cpu = static_cast<std::uint8_t>(record.low % machine.cpus), .after = decode_after(record.a)};
  if (record.kind < evict_kind) {
    exception.kind = Exception::Kind::preempt;
    if (record.b >= 192) {
      exception.after = static_cast<std::uint16_t>(max_near_after + 1 + 256 * (record.b - 192) + record.a);
    } else if (record.b < 16) {
      exception.latency = record.b;
    }
    return exception;
  }
  exception.kind = record.kind == evict_kind ? Exception::Kind::evict : Exception::Kind::fill;
  const PageSpace space = page_space(machine, Call::store);
  exception.page = static_cast<std::uint16_t>(record.b % space.granules() * space.granule);
  return exception;
}

// --- encoding ---

void put(std::vector<std::uint8_t>& bytes, unsigned kind, unsigned low, unsigned a, unsigned b) {
  bytes.push_back(static_cast<std::uint8_t>(kind << 3U | low));
  bytes.push_back(static_cast<std::uint8_t>(a));
  bytes.push_back(static_cast<std::uint8_t>(b));
}

void encode_machine(std::vector<std::uint8_t>& bytes, const MachineConfig& machine) {
  const MachineConfig defaults;
  for (std::size_t i = 0; i < parameter_table.size(); ++i) {
    const ParameterInfo& parameter = parameter_table[i];
    if (machine.*parameter.field == defaults.*parameter.field) continue;
    const unsigned value = machine.*parameter.field - static_cast<unsigned>(parameter.min);
    put(bytes, machine_kind, value >> 8U, static_cast<unsigned>(i), value & 0xFFU);
  }
}

void encode_operation(std::vector<std::uint8_t>& bytes, const MachineConfig& machine, const Operation& operation) {
  const OperationInfo& info = operation_table[static_cast<std::size_t>(operation.call)];
  const PageSpace space = page_space(machine, operation.call);
  const unsigned a = operation.first / static_cast<unsigned>(space.granule);
  unsigned b = 0;
  if (takes_word(operation.call)) b = operation.second;
  if (takes_range(operation.call)) {
    b = static_cast<unsigned>((operation.second + space.granule - 1) / space.granule - 1);
  }
  put(bytes, info.first_kind, operation.cpu, a, b);
}

void encode_exception(std::vector<std::uint8_t>& bytes, const MachineConfig& machine, const Exception& exception) {
  if (exception.kind != Exception::Kind::preempt) {
    const unsigned page = exception.page / static_cast<unsigned>(page_space(machine, Call::store).granule);
    put(bytes, exception.kind == Exception::Kind::evict ? evict_kind : fill_kind, exception.cpu,
        encode_after(exception.after), page);
  } else if (exception.after <= max_near_after) {
    put(bytes, preempt_kind, exception.cpu, encode_after(exception.after), exception.latency);
  } else {
    const unsigned far = exception.after - (max_near_after + 1U);
    put(bytes, preempt_kind, exception.cpu, far % 256, 192 + far / 256);
  }
}

}  // namespace

void decode(std::span<const std::uint8_t> bytes, Program& program) {
  decode_machine(bytes, program.machine);
  program.operation_count = 0;
  program.exception_count = 0;
  for (std::size_t at = 0; at < bytes.size(); at += record_size) {
    const Record record = record_at(bytes, at);
    if (record.kind < preempt_kind) {
      if (program.operation_count == max_operations) return;
      Operation& operation = program.operations[program.operation_count++];
      operation = decode_operation(record, program.machine);
      operation.first_exception = program.exception_count;
    } else if (record.kind != machine_kind && program.operation_count != 0 &&
               program.exception_count < max_exceptions) {
      program.exceptions[program.exception_count++] = decode_exception(record, program.machine);
      ++program.operations[program.operation_count - 1U].exception_count;
    }
  }
}

std::vector<std::uint8_t> encode(const Program& program) {
  std::vector<std::uint8_t> bytes;
  encode_machine(bytes, program.machine);
  for (std::size_t i = 0; i < program.operation_count; ++i) {
    const Operation& operation = program.operations[i];
    encode_operation(bytes, program.machine, operation);
    for (std::size_t exception = 0; exception < operation.exception_count; ++exception) {
      encode_exception(bytes, program.machine, program.exceptions[operation.first_exception + exception]);
    }
  }
  return bytes;
}

}  // namespace shootdown
