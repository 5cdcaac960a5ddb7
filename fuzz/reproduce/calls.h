// What threads of a C program do in place of operations: the system calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/program/program.h"

namespace shootdown {

struct CCall {
  enum class Kind : std::uint8_t {
    store,  // a thread of its own does it, in a loop
    zap,    // changes mappings
    sync,   // shall come while that is under way
    other,
    nothing,  // there is nothing to be done
  };

  Kind kind = Kind::nothing;
  std::string text;         // an expression in C, with the names of runtime.c
  std::string_view remark;  // how it differs from the operation; empty: it does not
};

// `ends_mm`: of an exit, whether no other thread is left in the address space.
CCall call_in_c(const Operation& operation, const MachineConfig& machine, bool ends_mm);

}  // namespace shootdown
