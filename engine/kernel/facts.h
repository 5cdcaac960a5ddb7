// The model, as far as others may know it (engine/events/facts.h).
#pragma once

#include <string_view>

#include "engine/events/facts.h"

namespace shootdown {

class Kernel;

class KernelFacts final : public World {
 public:
  explicit KernelFacts(const Kernel& kernel) : kernel_(kernel) {}

  EventSet events_sent() const override;
  const MachineConfig& machine_config() const override;
  std::uint64_t steps_made() const override;
  std::uint64_t steps_of_operation() const override;
  unsigned unfinished_cpus() const override;
  int frames() const override;
  FrameFacts frame_facts(Fact frame) const override;
  Fact frame_word(Fact frame, int word) const override;
  Fact page_stride() const override;
  Fact page_array_length() const override;
  int files() const override;
  Fact cached_frame(int file, int index) const override;
  Fact cache_tags(int file, int index) const override;
  Fact disk_word(int file, int index, int word) const override;
  EntryFact entry(int mm, int page) const override;
  long rss(int mm, RssKind kind) const override;
  int swap_slots() const override;
  int swap_users(int slot) const override;
  int flushes_pending(int mm) const override;
  bool page_table_locked(int mm) const override;
  int page_tables(int mm) const override;
  int present_entries(int mm, int table) const override;
  int mm_of(int cpu) const override;
  bool is_lazy(int cpu) const override;
  int tlb_size(int cpu) const override;
  TlbFact tlb_entry(int cpu, int number) const override;
  bool would_go_astray(int cpu, int page) const override;
  bool will_fail_to_allocate(int cpu) const override;
  int batches_in_use() const override;
  std::string_view text(TextFact text) const override;

 private:
  const Kernel& kernel_;
};

}  // namespace shootdown
