#include "fuzz/triage/shrink.h"

#include <variant>

#include "engine/check.h"
#include "fuzz/language/text.h"

namespace shootdown {

namespace {

constexpr int nothing = -1;

// The program but for one operation, with its exceptions, or for one exception.
Program without(const Program& program, int operation, int exception) {
  Program rest;
  rest.machine = program.machine;
  for (int i = 0; i < program.operation_count; ++i) {
    if (i == operation) continue;
    Operation kept = program.operations[static_cast<std::size_t>(i)];
    const int first = kept.first_exception;
    const int end = first + kept.exception_count;
    kept.first_exception = rest.exception_count;
    for (int e = first; e < end; ++e) {
      if (e != exception) rest.exceptions[rest.exception_count++] = program.exceptions[static_cast<std::size_t>(e)];
    }
    kept.exception_count = static_cast<std::uint16_t>(rest.exception_count - kept.first_exception);
    rest.operations[rest.operation_count++] = kept;
  }
  return rest;
}

class Shrinking {
 public:
  Shrinking(const Program& program, const std::function<bool(const Program&)>& still)
      : program_(program), still_(still) {
    SHOOTDOWN_CHECK(still(program));
  }

  Program run() {
    bool smaller = true;
    while (smaller) {
      smaller = take_operations();
      smaller = take_exceptions() || smaller;
      smaller = take_pages() || smaller;
      smaller = take_settings() || smaller;
    }
    return program_;
  }

 private:
  // Whether it was taken.
  bool take(const Program& candidate) {
    const auto parsed = parse(print(candidate));
    const auto* const document = std::get_if<Document>(&parsed);
    if (document == nullptr || !(document->program == candidate) || !still_(candidate)) return false;
    program_ = candidate;
    return true;
  }

  bool take_operations() {
    bool taken = false;
    for (int i = program_.operation_count - 1; i >= 0; --i) taken = take(without(program_, i, nothing)) || taken;
    return taken;
  }
  bool take_exceptions() {
    bool taken = false;
    for (int i = program_.exception_count - 1; i >= 0; --i) taken = take(without(program_, nothing, i)) || taken;
    return taken;
  }
  bool take_pages() {
    bool taken = false;
    for (int i = 0; i < program_.operation_count; ++i) {
      for (std::size_t operand = 0; operand < max_operands; ++operand) taken = take_range(i, operand) || taken;
    }
    return taken;
  }
  bool take_range(int operation, std::size_t operand) {
    Program candidate = program_;
    std::uint16_t& count = candidate.operations[static_cast<std::size_t>(operation)].operands[operand].count;
    if (count <= 1) return false;
    count = 1;
    return take(candidate);
  }
  bool take_settings() {
    bool taken = false;
    const MachineConfig usual;
    for (const ParameterInfo& parameter : parameter_table) {
      if (program_.machine.*parameter.field == usual.*parameter.field) continue;
      Program candidate = program_;
      candidate.machine.*parameter.field = usual.*parameter.field;
      taken = take(candidate) || taken;
    }
    return taken;
  }

  Program program_;
  const std::function<bool(const Program&)>& still_;
};

}  // namespace

Program shrunk(const Program& program, const std::function<bool(const Program&)>& still) {
  return Shrinking(program, still).run();
}

}  // namespace shootdown
