#include "engine/kernel/zap_engine.h"

#include <algorithm>
#include <cstdint>

namespace shootdown {

std::string ZapEngine::refusal(const Program& program) const {
  for (const Operation& operation : operations_of(program)) {
    const OperationInfo& info = info_of(operation.call);
    if (!info.modelled) return "it does not do " + std::string(info.name) + " yet";
  }
  return {};
}

// What it does not do goes, and so do its exceptions.
void ZapEngine::adapt(Program& program) const {
  std::uint8_t operations = 0;
  std::uint16_t exceptions = 0;
  for (const Operation operation : operations_of(program)) {
    if (!info_of(operation.call).modelled) continue;
    std::copy_n(program.exceptions.begin() + operation.first_exception, operation.exception_count,
                program.exceptions.begin() + exceptions);
    program.operations[operations] = operation;
    program.operations[operations++].first_exception = exceptions;
    exceptions += operation.exception_count;
  }
  program.operation_count = operations;
  program.exception_count = exceptions;
}

}  // namespace shootdown
