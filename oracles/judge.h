// All oracles together, and the reference that they compare with.
//
// A Judge watches one kernel. It passes every report of the engine to each
// oracle, then performs it on the reference. All oracles judge every run; which
// of their verdicts count is for the caller to say.
#pragma once

#include <span>
#include <string_view>

#include "engine/kernel/zap_engine.h"
#include "engine/reference/reference.h"
#include "oracles/batch.h"
#include "oracles/counts.h"
#include "oracles/encoded_pointer.h"
#include "oracles/filesystem_contract.h"
#include "oracles/fsync_durability.h"
#include "oracles/lost_dirty_data.h"
#include "oracles/page_cache_contents.h"
#include "oracles/progress.h"
#include "oracles/report.h"
#include "oracles/stale_access.h"

namespace shootdown {

// What users are told of an oracle.
struct OracleInfo {
  OracleId id;
  std::string_view name;
  std::string_view guarantee;
};

std::span<const OracleInfo> all_oracles();
std::string_view oracle_name(OracleId id);
// The oracle of this name, or null.
const OracleInfo* find_oracle(std::string_view name);

// The guarantees that an engine claims to give.
OracleSet claims(const ZapEngine& engine);

class Judge final : public Watcher {
 public:
  // `companion`, which may be null, is told everything too; it must outlive the judge.
  explicit Judge(Watcher* companion = nullptr) : companion_(companion) {}

  // What was found in the last run.
  const Report& report() const { return report_; }

  void begin(const Kernel& kernel) override;
  void end(const Kernel& kernel, Scheduler::Outcome outcome) override;
  void accessed(const UserAccess& access) override;
  void refused(int cpu, int mm, int page) override;
  void mapped(int cpu, const PageRange& range) override;
  void unmapping(int cpu, const PageRange& range) override;
  void unmapped(int cpu, const PageRange& range) override;
  void file_accessed(int cpu, int file, int index, int word, bool write, Word value) override;
  void file_write_returned(int cpu, int file, int index) override;
  void fsync_started(int cpu, const PageRange& range) override;
  void fsync_returned(int cpu, const PageRange& range) override;
  void dirtied(int cpu, const Page& page, std::uint32_t was, bool page_table_locked) override;
  void uncached(int cpu, const Page& page, int file, int index) override;
  void freed(int cpu, const Page& page) override;
  void count_underflow(int cpu, const Page& page, const char* which, int value) override;
  void encoded(int cpu, const Page* page, unsigned flags, const EncodedPage& result) override;
  void gather_began(const MmuGather& gather) override;
  void gather_queued(const MmuGather& gather, const EncodedPage& entry) override;
  void gather_flushed(const MmuGather& gather) override;
  void gather_releasing(const MmuGather& gather, const std::uintptr_t* entries, unsigned count) override;
  void gather_finished(const MmuGather& gather) override;

 private:
  // Calls `call` with each oracle. The oracles' classes are final: nothing here is dispatched at run time.
  template <typename Call>
  void each(Call&& call) {
    call(page_cache_contents_);
    call(lost_dirty_data_);
    call(fsync_durability_);
    call(encoded_pointer_);
    call(batch_);
    call(stale_access_);
    call(counts_);
    call(filesystem_contract_);
    call(progress_);
    if (companion_ != nullptr) call(*companion_);
  }

  Watcher* companion_;

  Reference reference_;
  Report report_;
  PageCacheContents page_cache_contents_{OracleId::page_cache_contents, reference_, report_};
  LostDirtyData lost_dirty_data_{OracleId::lost_dirty_data, reference_, report_};
  FsyncDurability fsync_durability_{OracleId::fsync_durability, reference_, report_};
  EncodedPointer encoded_pointer_{OracleId::encoded_pointer, reference_, report_};
  Batch batch_{OracleId::batch, reference_, report_};
  StaleAccess stale_access_{OracleId::stale_access, reference_, report_};
  Counts counts_{OracleId::counts, reference_, report_};
  FilesystemContract filesystem_contract_{OracleId::filesystem_contract, reference_, report_};
  Progress progress_{OracleId::progress, reference_, report_};
};

}  // namespace shootdown
