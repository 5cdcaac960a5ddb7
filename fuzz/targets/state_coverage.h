// Coverage of states, for a fuzzer to climb on.
//
// Code coverage hardly tells one interleaving from another. This counts in what
// state pages are when something happens to them: whether a store goes through a
// TLB entry whose page-table entry is gone, on a page that is clean, under
// writeback, unmapped; how a page is when it is dirtied or queued; and between
// which actions the CPUs switch (Scheduler::count_switches). A fuzzer that keeps
// inputs with new counts gets to a race in steps instead of by luck.
//
// The counters are the caller's: an array that the fuzzer looks at and clears.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernel/kernel.h"
#include "engine/kernel/watcher.h"
#include "engine/zap/mmu_gather.h"

namespace shootdown {

class StateCoverage final : public Watcher {
 public:
  static constexpr std::size_t state_counters = 512;
  static constexpr std::size_t counters = state_counters + Scheduler::switch_counters;

  // `counts` has `counters` elements.
  explicit StateCoverage(std::uint8_t* counts) : counts_(counts) {}

  void begin(const Kernel& kernel) override { kernel_ = &kernel; }

  void accessed(const UserAccess& access) override {
    const Pte pte = kernel_->machine.read_pte(access.mm, access.page);
    const bool live = pte.present() && pte.frame() == access.result.frame;
    count(0, page_state(kernel_->pages[access.result.frame]) << 3U | bit(access.store) << 2U |
                 bit(access.result.kind == AccessResult::Kind::hit) << 1U | bit(live));
  }

  void dirtied(int /*cpu*/, const Page& page, std::uint32_t /*was*/, bool page_table_locked) override {
    count(256, page_state(page) << 1U | bit(page_table_locked));
  }

  void gather_queued(const MmuGather& /*gather*/, const EncodedPage& entry) override {
    count(320, page_state(*entry.page()) << 1U | bit(entry.flags() != 0));
  }

  void uncached(int /*cpu*/, const Page& page, int /*file*/, int /*index*/) override { count(384, page_state(page)); }

  void refused(int /*cpu*/, int /*mm*/, int /*page*/) override { count(448, 0); }

 private:
  static unsigned bit(bool value) { return value ? 1 : 0; }

  // 0 to 31.
  static unsigned page_state(const Page& page) {
    return bit(page.test(PG_dirty)) | bit(page.test(PG_writeback)) << 1U | bit(page.test(PG_locked)) << 2U |
           bit(page.test(PG_buffers)) << 3U | bit(page.mapped()) << 4U;
  }

  void count(unsigned base, unsigned state) {
    std::uint8_t& counter = counts_[(base + state) % state_counters];
    if (counter != 255) ++counter;
  }

  std::uint8_t* counts_;
  const Kernel* kernel_ = nullptr;
};

}  // namespace shootdown
