// Programs to text: one way to write each.
#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/events/names.h"
#include "fuzz/language/language.h"
#include "fuzz/language/operands.h"
#include "fuzz/language/text.h"
#include "fuzz/language/words.h"

namespace shootdown {

namespace {

std::string_view plural(unsigned count) {
  return count == 1 ? "" : "s";
}

class Printer {
 public:
  Printer(const Program& program, std::span<const Expectation> expectations)
      : program_(program), expectations_(expectations) {}

  std::string print();

 private:
  template <typename... Arguments>
  void put(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }

  void print_machine();
  void print_expectation(const Expectation& expectation);
  void print_exception(const Exception& exception, const Operation& operation);
  void print_preemption(const Exception& exception, const Operation& operation);

  const Program& program_;
  std::span<const Expectation> expectations_;
  std::string out_;
};

std::string Printer::print() {
  put("shootdown {}\n", format_version);
  print_machine();
  for (const Expectation& expectation : expectations_) print_expectation(expectation);
  if (program_.operation_count != 0) put("\n");
  for (std::size_t i = 0; i < program_.operation_count; ++i) {
    const Operation& operation = program_.operations[i];
    put("cpu {}: {}\n", operation.cpu, shootdown::print(operation, program_.machine));
    for (std::size_t k = 0; k < operation.exception_count; ++k) {
      print_exception(program_.exceptions[operation.first_exception + k], operation);
    }
  }
  return std::move(out_);
}

void Printer::print_machine() {
  const MachineConfig defaults;
  std::string_view before = "machine";
  for (const ParameterInfo& parameter : parameter_table) {
    const unsigned value = program_.machine.*parameter.field;
    if (value == defaults.*parameter.field) continue;
    put("{} {} {}", std::exchange(before, ","), parameter.name, value);
  }
  if (before == ",") put("\n");
}

void Printer::print_expectation(const Expectation& expectation) {
  put("expect {} {}", expectation.engine, expectation.breaks.empty() ? "holds" : "breaks");
  std::string_view before = " ";
  for (const std::string& oracle : expectation.breaks) put("{}{}", std::exchange(before, ", "), oracle);
  put("\n");
}

void Printer::print_exception(const Exception& exception, const Operation& operation) {
  if (exception.event == Exception::steps) {
    put("  after {} step{} ", exception.after, plural(exception.after));
    if (exception.visit != 0) put("and {} return{} ", exception.visit, plural(exception.visit));
  } else {
    put("  after {}{} ", exception.after == 1 ? "" : ordinal(exception.after) + " ", all_event_names[exception.event]);
    if (exception.event_page != Exception::any_page) put("of page {} ", exception.event_page);
  }
  switch (exception.kind) {
    case Exception::Kind::preempt: print_preemption(exception, operation); break;
    case Exception::Kind::evict: put("evict page {} from cpu {}", exception.page, exception.cpu); break;
    case Exception::Kind::keep: put("go on"); break;
    case Exception::Kind::fail: put("fail allocation"); break;
    case Exception::Kind::fill: put("fill page {} on cpu {}", exception.page, exception.cpu); break;
  }
  put("\n");
}

void Printer::print_preemption(const Exception& exception, const Operation& operation) {
  if (exception.cpu == operation.cpu) {
    put("suspend");
  } else {
    put("switch to cpu {}", exception.cpu);
  }
  if (exception.latency != 0) put(", interrupts {} step{} late", exception.latency, plural(exception.latency));
}

}  // namespace

std::string print(const Operation& operation, const MachineConfig& machine) {
  const OperationInfo& info = info_of(operation.call);
  std::string text(info.name);
  for (std::size_t i = 0; i < info.operands().size(); ++i)
    text += " " + form_of(info.operands()[i]).print(operation.operands[i], machine);
  return text;
}

std::string print(const Program& program) {
  return Printer(program, {}).print();
}

std::string print(const Document& document) {
  return Printer(document.program, document.expectations).print();
}

}  // namespace shootdown
