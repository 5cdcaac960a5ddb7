#include "oracles/judge.h"

#include <array>

#include "engine/check.h"

namespace shootdown {

namespace {

constexpr std::array<OracleInfo, oracle_count> infos{{
    {OracleId::page_cache_contents, "page-cache-contents",
     "every load, read() and the disk at the end agree with the reference"},
    {OracleId::lost_dirty_data, "lost-dirty-data", "no page is dropped clean with other contents than the disk"},
    {OracleId::fsync_durability, "fsync-durability", "what was written before an fsync is on the disk when it returns"},
    {OracleId::encoded_pointer, "encoded-pointer", "flags in page pointers come and go without harm"},
    {OracleId::batch, "batch", "a gather keeps its limits and releases each page once, after its flush"},
    {OracleId::stale_access, "stale-access", "no freed or unmapped page is used or can be reached"},
    {OracleId::counts, "counts", "mapcount, refcount and RSS are right and never negative"},
    {OracleId::filesystem_contract, "filesystem-contract", "no page becomes dirty behind the filesystem's back"},
    {OracleId::progress, "progress", "every run ends: no deadlock, no livelock"},
}};

}  // namespace

OracleId Report::first(OracleSet among) const {
  const OracleSet found = broken_ & among;
  OracleId best = OracleId::progress;
  bool any = false;
  for (const OracleInfo& info : infos) {
    if (!found.contains(info.id)) continue;
    if (!any || violation(info.id).step < violation(best).step) best = info.id;
    any = true;
  }
  SHOOTDOWN_CHECK(any);
  return best;
}

std::span<const OracleInfo> all_oracles() {
  return infos;
}

std::string_view oracle_name(OracleId id) {
  return infos[static_cast<std::size_t>(id)].name;
}

const OracleInfo* find_oracle(std::string_view name) {
  for (const OracleInfo& info : infos) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

OracleSet claims(const ZapEngine& engine) {
  OracleSet set = OracleSet::all();
  for (const NotClaimed& exception : engine.not_claimed()) {
    const OracleInfo* const oracle = find_oracle(exception.oracle);
    SHOOTDOWN_CHECK(oracle != nullptr);
    set.erase(oracle->id);
  }
  return set;
}

void Judge::begin(const Kernel& kernel) {
  report_.clear();
  reference_.reset(kernel.config);
  each([&](auto& oracle) { oracle.begin(kernel); });
}

void Judge::end(const Kernel& kernel, Scheduler::Outcome outcome) {
  each([&](auto& oracle) { oracle.end(kernel, outcome); });
}

void Judge::accessed(const UserAccess& access) {
  each([&](auto& oracle) { oracle.accessed(access); });
  if (access.store) reference_.store(access.page, access.word, access.result.value);
}

void Judge::refused(int cpu, int mm, int page) {
  each([&](auto& oracle) { oracle.refused(cpu, mm, page); });
}

void Judge::mapped(int cpu, const PageRange& range) {
  each([&](auto& oracle) { oracle.mapped(cpu, range); });
  reference_.map(range.owner, range.first, range.count);
}

void Judge::unmapping(int cpu, const PageRange& range) {
  each([&](auto& oracle) { oracle.unmapping(cpu, range); });
  reference_.begin_unmap(range.owner, range.first, range.count);
}

void Judge::unmapped(int cpu, const PageRange& range) {
  each([&](auto& oracle) { oracle.unmapped(cpu, range); });
  reference_.end_unmap(range.owner, range.first, range.count);
}

void Judge::file_accessed(int cpu, int file, int index, int word, bool write, Word value) {
  each([&](auto& oracle) { oracle.file_accessed(cpu, file, index, word, write, value); });
  if (write) reference_.write(file, index, word, value);
}

void Judge::file_write_returned(int cpu, int file, int index) {
  each([&](auto& oracle) { oracle.file_write_returned(cpu, file, index); });
  reference_.write_returned(file, index);
}

void Judge::fsync_started(int cpu, const PageRange& range) {
  each([&](auto& oracle) { oracle.fsync_started(cpu, range); });
}

void Judge::fsync_returned(int cpu, const PageRange& range) {
  each([&](auto& oracle) { oracle.fsync_returned(cpu, range); });
}

void Judge::dirtied(int cpu, const Page& page, std::uint32_t was, bool page_table_locked) {
  each([&](auto& oracle) { oracle.dirtied(cpu, page, was, page_table_locked); });
}

void Judge::uncached(int cpu, const Page& page, int file, int index) {
  each([&](auto& oracle) { oracle.uncached(cpu, page, file, index); });
}

void Judge::freed(int cpu, const Page& page) {
  each([&](auto& oracle) { oracle.freed(cpu, page); });
}

void Judge::count_underflow(int cpu, const Page& page, const char* which, int value) {
  each([&](auto& oracle) { oracle.count_underflow(cpu, page, which, value); });
}

void Judge::encoded(int cpu, const Page* page, unsigned flags, const EncodedPage& result) {
  each([&](auto& oracle) { oracle.encoded(cpu, page, flags, result); });
}

void Judge::gather_began(const MmuGather& gather) {
  each([&](auto& oracle) { oracle.gather_began(gather); });
}

void Judge::gather_queued(const MmuGather& gather, const EncodedPage& entry) {
  each([&](auto& oracle) { oracle.gather_queued(gather, entry); });
}

void Judge::gather_flushed(const MmuGather& gather) {
  each([&](auto& oracle) { oracle.gather_flushed(gather); });
}

void Judge::gather_releasing(const MmuGather& gather, const std::uintptr_t* entries, unsigned count) {
  each([&](auto& oracle) { oracle.gather_releasing(gather, entries, count); });
}

void Judge::gather_finished(const MmuGather& gather) {
  each([&](auto& oracle) { oracle.gather_finished(gather); });
}

}  // namespace shootdown
