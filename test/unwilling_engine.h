// Helpers for tests: an engine that refuses to run what has operations.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/zap/engines.h"

namespace shootdown {

// Else it does what eager_dirty does.
class UnwillingEngine : public Engine {
 public:
  explicit UnwillingEngine(std::string_view name = "unwilling") : name_(name) {}

  std::string_view name() const override { return name_; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }
  EventSet sends() const override { return eager_dirty().sends(); }
  std::string refusal(const Program& program) const override {
    return program.operation_count == 0 ? "" : "there is something to do";
  }
  Run& boot(const RunSetup& setup) const override { return eager_dirty().boot(setup); }

 private:
  std::string_view name_;
};

}  // namespace shootdown
