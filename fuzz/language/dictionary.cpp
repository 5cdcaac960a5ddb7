#include "fuzz/language/dictionary.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "engine/check.h"
#include "engine/zap/engines.h"
#include "fuzz/language/codec.h"
#include "fuzz/language/language.h"
#include "fuzz/language/text.h"
#include "oracles/judge.h"

namespace shootdown {

namespace {

// A program that says one thing, and what it is.
struct Example {
  std::string name;
  Program program;
};

Program with_operation(const Operation& operation, const MachineConfig& machine = {}) {
  Program program{.machine = machine, .operation_count = 1};
  program.operations[0] = operation;
  return program;
}

std::vector<Example> operations() {
  std::vector<Example> examples;
  for (const OperationInfo& info : operation_table) {
    for (std::uint8_t cpu = 0; cpu < 2; ++cpu) {
      Operation operation{.call = info.call, .cpu = cpu};
      if (takes_range(info.call)) operation.second = 1;
      examples.push_back({fmt::format("{}_on_cpu_{}", info.name, cpu), with_operation(operation)});
      if (takes_word(info.call)) {
        operation.second = 1;
        examples.push_back({fmt::format("{}_word_1_on_cpu_{}", info.name, cpu), with_operation(operation)});
      }
      if (takes_range(info.call)) {
        operation.second = 2;
        examples.push_back({fmt::format("{}_2_pages_on_cpu_{}", info.name, cpu), with_operation(operation)});
      }
    }
  }
  return examples;
}

// Each is tied to an operation, which comes first.
std::vector<Example> exceptions() {
  const std::pair<Exception::Kind, std::string_view> kinds[] = {
      {Exception::Kind::preempt, "preempt"}, {Exception::Kind::evict, "evict"}, {Exception::Kind::fill, "fill"}};
  std::vector<Example> examples;
  for (const auto& [kind, name] : kinds) {
    for (std::uint8_t cpu = 0; cpu < 2; ++cpu) {
      for (const std::uint16_t after : std::initializer_list<std::uint16_t>{0, 4, 16, 48}) {
        Program program = with_operation({});
        program.exception_count = 1;
        program.operations[0].exception_count = 1;
        program.exceptions[0] = {.kind = kind, .cpu = cpu, .after = after};
        examples.push_back({fmt::format("{}_cpu_{}_after_{}", name, cpu, after), program});
      }
    }
  }
  // An interrupt that comes late is the other thing that a preemption can say.
  Example late = examples.front();
  late.name += "_interrupts_late";
  late.program.exceptions[0].latency = 15;
  examples.push_back(std::move(late));
  return examples;
}

// The least value, the next, and the largest; but for the default, of which programs say nothing.
std::vector<Example> parameters() {
  std::vector<Example> examples;
  for (const ParameterInfo& parameter : parameter_table) {
    for (const unsigned value : {parameter.min + 0U, parameter.min + 1U, parameter.max + 0U}) {
      Program program;
      if (value == program.machine.*parameter.field) continue;
      if (!examples.empty() && examples.back().program.machine.*parameter.field == value) continue;
      program.machine.*parameter.field = static_cast<std::uint16_t>(value);
      examples.push_back({fmt::format("machine_{}_{}", parameter.name, value), program});
    }
  }
  return examples;
}

// The last line of a text.
std::string last_line(const std::string& text) {
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

}  // namespace

std::vector<DictionaryEntry> dictionary_of_bytes() {
  std::vector<DictionaryEntry> entries;
  for (const std::vector<Example>& examples : {operations(), exceptions(), parameters()}) {
    for (const Example& example : examples) {
      const std::vector<std::uint8_t> bytes = encode(example.program);
      entries.push_back({example.name, std::string(as_characters(bytes).substr(bytes.size() - record_size))});
    }
  }
  return entries;
}

std::vector<DictionaryEntry> dictionary_of_text() {
  std::vector<DictionaryEntry> entries{{"header", fmt::format("shootdown {}\n", format_version)}};
  for (const std::vector<Example>& examples : {operations(), exceptions(), parameters()}) {
    for (const Example& example : examples) entries.push_back({example.name, last_line(print(example.program))});
  }
  MachineConfig two_files;
  two_files.files = two_files.windows = 2;
  const Operation on_second_file{.call = Call::read, .first = two_files.pages};
  entries.push_back({"read_of_file_1", last_line(print(with_operation(on_second_file, two_files)))});
  for (const ZapEngine* const engine : all_engines())
    entries.push_back({fmt::format("expect_{}", engine->name()), fmt::format("expect {} holds\n", engine->name())});
  for (const OracleInfo& oracle : all_oracles()) {
    std::string name(oracle.name);
    std::ranges::replace(name, '-', '_');
    entries.push_back({name, std::string(oracle.name)});
  }
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
