// Helpers for tests: an engine that says of itself that it does not send one kind of event.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/events/event.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

// Does what another engine does.
class SilentEngine final : public ZapEngine {
 public:
  SilentEngine(const ZapEngine& engine, EventKind not_sent, std::string_view name = "silent")
      : engine_(engine), not_sent_(not_sent), name_(name) {}

  std::string_view name() const override { return name_; }
  std::string_view summary() const override { return "for tests"; }
  std::span<const NotClaimed> not_claimed() const override { return {}; }
  EventSet sends() const override {
    EventSet silence;
    silence.insert(not_sent_);
    return engine_.sends() - silence;
  }

  void zap_page_range(Task& current, Vma& vma, int first, int end, const ZapDetails& details) const override {
    engine_.zap_page_range(current, vma, first, end, details);
  }
  void unmap_region(Task& current, std::span<Vma* const> vmas) const override { engine_.unmap_region(current, vmas); }
  void exit_mmap(Task& current) const override { engine_.exit_mmap(current); }

 private:
  const ZapEngine& engine_;
  EventKind not_sent_;
  std::string_view name_;
};

}  // namespace shootdown
