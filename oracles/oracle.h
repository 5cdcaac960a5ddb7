// What all oracles have in common.
//
// An oracle watches a run and says when a guarantee is violated. It looks at the
// kernel, the machine and the reference, and changes nothing. When a commit is
// reported, the reference still holds what was true before it.
//
// Each oracle is one file, which opens with what it proves and what it cannot.
#pragma once

#include <utility>

#include "engine/kernel/kernel.h"
#include "engine/kernel/watcher.h"
#include "engine/reference/reference.h"
#include "oracles/report.h"

namespace shootdown {

class Oracle : public Watcher {
 public:
  Oracle(OracleId id, const Reference& reference, Report& report) : reference_(reference), id_(id), report_(report) {}

  // Overriding methods call this one first.
  void begin(const Kernel& kernel) override { kernel_ = &kernel; }

 protected:
  template <typename... Arguments>
  void violate(int cpu, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    report_.violate(id_, kernel_->sched.steps(), cpu, format, std::forward<Arguments>(arguments)...);
  }

  const Kernel& kernel() const { return *kernel_; }
  const Reference& reference() const { return reference_; }

 private:
  const Kernel* kernel_ = nullptr;
  const Reference& reference_;
  OracleId id_;
  Report& report_;
};

}  // namespace shootdown
