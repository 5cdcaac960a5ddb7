#include "fuzz/language/dictionary.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/check.h"
#include "engine/events/names.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"
#include "fuzz/language/text.h"
#include "oracles/judge.h"

namespace shootdown {

namespace {

// A program that says one thing at its end, and what it is.
struct Sample {
  std::string name;
  Program program;
};

// Words of a text as a name.
std::string as_name(std::string text) {
  std::ranges::replace_if(text, [](char c) { return (c < 'a' || c > 'z') && (c < '0' || c > '9'); }, '_');
  return text;
}

Sample with_operation(const Operation& operation, const MachineConfig& machine = {}) {
  Program program{.machine = machine, .operation_count = 1};
  program.operations[0] = operation;
  return {as_name(fmt::format("{}_on_cpu_{}", print(operation, machine), operation.cpu)), program};
}

// The usual one, or one on which there are such operands.
MachineConfig machine_with(std::span<const OperandKind> kinds) {
  const MachineConfig usual;
  const bool will_do = std::ranges::all_of(kinds, [&](OperandKind kind) { return form_of(kind).exists_on(usual); });
  return will_do ? usual : MachineConfig{.mms = 2};
}

// The least that an operand of this kind can be, and the next.
Operand example_of(OperandKind kind, std::uint8_t number, const MachineConfig& machine) {
  ArgumentBytes arguments{};
  arguments[form_of(kind).arguments() - 1] = number;
  return form_of(kind).decode(arguments.data(), machine);
}

// Each operation on two CPUs, and in it for each operand the least value and the next.
std::vector<Sample> operations() {
  std::vector<Sample> samples;
  for (const OperationInfo& info : operation_table) {
    const MachineConfig machine = machine_with(info.operands());
    for (std::uint8_t cpu = 0; cpu < 2; ++cpu) {
      Operation operation{.call = info.call, .cpu = cpu};
      for (std::size_t i = 0; i < info.operands().size(); ++i)
        operation.operands[i] = example_of(info.operands()[i], 0, machine);
      samples.push_back(with_operation(operation, machine));
      for (std::size_t i = 0; i < info.operands().size(); ++i) {
        Operation other = operation;
        other.operands[i] = example_of(info.operands()[i], 1, machine);
        // With two pages there is one move of the first, and with two mms one fork.
        if (other != operation) samples.push_back(with_operation(other, machine));
      }
    }
  }
  return samples;
}

// Each is tied to an operation, which comes first.
Sample with_exception(std::string name, const Exception& exception) {
  Program program{.operation_count = 1, .exception_count = 1};
  program.operations[0] = {.exception_count = 1};
  program.exceptions[0] = exception;
  return {std::move(name), program};
}

std::vector<Sample> exceptions() {
  std::vector<Sample> samples;
  for (const ExceptionInfo& info : exception_table) {
    const std::uint8_t cpus = says_cpu(info.kind) ? 2 : 1;
    for (std::uint8_t cpu = 0; cpu < cpus; ++cpu) {
      for (const std::uint16_t after : std::initializer_list<std::uint16_t>{0, 4, 16, 48, 200}) {
        samples.push_back(with_exception(fmt::format("{}_cpu_{}_after_{}", info.name, cpu, after),
                                         {.kind = info.kind, .cpu = cpu, .after = after}));
      }
    }
  }
  for (std::size_t event = 0; event < all_event_names.size(); ++event) {
    if (!happens_on_cpu(event)) continue;
    samples.push_back(with_exception("preempt_at_" + as_name(std::string(all_event_names[event])),
                                     {.cpu = 1, .event = static_cast<EventKind>(event), .after = 1}));
  }
  // An interrupt that comes late is the other thing that a preemption can say.
  samples.push_back(with_exception("preempt_cpu_0_interrupts_late", {.latency = max_latency}));
  return samples;
}

// The least value, the next, and the largest; but for the default, of which programs say nothing.
std::vector<Sample> parameters() {
  std::vector<Sample> samples;
  for (const ParameterInfo& parameter : parameter_table) {
    for (const unsigned value : {parameter.min + 0U, parameter.min + 1U, parameter.max + 0U}) {
      Program program;
      if (value == program.machine.*parameter.field) continue;
      if (!samples.empty() && samples.back().program.machine.*parameter.field == value) continue;
      program.machine.*parameter.field = static_cast<std::uint16_t>(value);
      samples.push_back({fmt::format("machine_{}_{}", parameter.name, value), program});
    }
  }
  return samples;
}

// The last line of a text.
std::string last_line(const std::string& text) {
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

// The records of what a program says last: with an exception, all but that of its operation.
std::string last_records(const Program& program) {
  const std::vector<std::uint8_t> bytes = encode(program);
  return std::string(as_characters(bytes).substr(program.exception_count == 0 ? 0 : record_size));
}

}  // namespace

std::vector<DictionaryEntry> dictionary_of_bytes() {
  std::vector<DictionaryEntry> entries;
  for (const std::vector<Sample>& samples : {operations(), exceptions(), parameters()}) {
    for (const Sample& sample : samples) entries.push_back({sample.name, last_records(sample.program)});
  }
  return entries;
}

std::vector<DictionaryEntry> dictionary_of_text() {
  std::vector<DictionaryEntry> entries{{"header", fmt::format("shootdown {}\n", format_version)}};
  for (const std::vector<Sample>& samples : {operations(), exceptions(), parameters()}) {
    for (const Sample& sample : samples) entries.push_back({sample.name, last_line(print(sample.program))});
  }
  MachineConfig two_files;
  two_files.files = two_files.windows = 2;
  const Sample on_second_file =
      with_operation({.call = Call::read, .operands = {{{.value = two_files.pages}}}}, two_files);
  entries.push_back({on_second_file.name, last_line(print(on_second_file.program))});
  for (const Engine* const engine : all_engines())
    entries.push_back({fmt::format("expect_{}", engine->name()), fmt::format("expect {} holds\n", engine->name())});
  for (const OracleInfo& oracle : all_oracles())
    entries.push_back({as_name(std::string(oracle.name)), std::string(oracle.name)});
  return entries;
}

std::string print_dictionary(const std::vector<DictionaryEntry>& entries) {
  std::string text;
  for (const DictionaryEntry& entry : entries) {
    SHOOTDOWN_CHECK(!entry.piece.empty() && entry.piece.size() <= max_piece);
    text += entry.name + "=\"";
    for (const char byte : entry.piece) {
      const bool plain = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
      text += plain ? std::string(1, byte) : fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
    }
    text += "\"\n";
  }
  return text;
}

}  // namespace shootdown
