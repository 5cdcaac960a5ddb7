// The engine of Linux 6.2 as a class, for engines that do the same and more.
#pragma once

#include "engine/zap/gather_engine.h"

namespace shootdown {

class DelayedRmap : public GatherEngine {
 public:
  std::string_view name() const override { return "delayed_rmap"; }
  std::string_view summary() const override {
    return "clear, dirty, queue, flush and then rmap under the page-table lock, free: Linux 6.2 to 6.8";
  }
  std::span<const NotClaimed> not_claimed() const override { return {}; }
  bool since_6_12() const override { return true; }

  void release(MmuGather& tlb, std::uintptr_t* encoded_pages, unsigned count) const override;

 protected:
  Treatment zap_dirty(MmuGather& tlb, Page* page) const override;
  void flush_under_lock(MmuGather& tlb) const override;
};

}  // namespace shootdown
