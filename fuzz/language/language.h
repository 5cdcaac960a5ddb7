// The words and numbers of the input language, in one place.
//
// The codec, the text form, and everything that is generated from the language
// read these tables; docs/input-format.md describes them for people.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/program/program.h"

namespace shootdown {

// An operation: how it is called in text, and which kinds of records mean it. A record's kind is one of
// 32; common operations have several, so that random bytes are interesting programs. The encoder uses
// the first.
struct OperationInfo {
  Call call;
  std::string_view name;
  std::uint8_t first_kind;
  std::uint8_t kinds;
};

inline constexpr std::array<OperationInfo, call_count> operation_table{{
    {Call::store, "store", 0, 4},
    {Call::load, "load", 4, 1},
    {Call::touch, "touch", 5, 1},
    {Call::mmap, "mmap", 6, 1},
    {Call::populate, "populate", 7, 1},
    {Call::munmap, "munmap", 8, 2},
    {Call::dontneed, "dontneed", 10, 3},
    {Call::msync, "msync", 13, 1},
    {Call::exit, "exit", 14, 1},
    {Call::fsync, "fsync", 15, 2},
    {Call::writeback, "writeback", 17, 2},
    {Call::fadvise, "fadvise", 19, 2},
    {Call::reclaim, "reclaim", 21, 2},
    {Call::read, "read", 23, 1},
    {Call::write, "write", 24, 1},
}};

// The kinds of records that are no operations.
inline constexpr std::uint8_t preempt_kind = 25;  // to 28
inline constexpr std::uint8_t evict_kind = 29;
inline constexpr std::uint8_t fill_kind = 30;
inline constexpr std::uint8_t machine_kind = 31;

inline constexpr unsigned record_size = 3;

// The steps after which an exception may happen. A preemption beyond the near ones has no latency.
inline constexpr unsigned max_near_after = 96;
inline constexpr unsigned max_far_after = max_near_after + 256 * 64;

// A parameter of the machine. Its number in a record is its place in the table.
struct ParameterInfo {
  std::string_view name;
  std::uint16_t MachineConfig::* field;
  std::uint16_t min;
  std::uint16_t max;
};

inline constexpr std::array<ParameterInfo, 19> parameter_table{{
    {"cpus", &MachineConfig::cpus, 1, max_cpus},
    {"mms", &MachineConfig::mms, 1, max_mms},
    {"files", &MachineConfig::files, 1, max_files},
    {"windows", &MachineConfig::windows, 1, max_windows},
    {"pages", &MachineConfig::pages, 1, max_file_pages},
    {"words", &MachineConfig::words, 1, max_words},
    {"tlb", &MachineConfig::tlb, 1, 16},
    {"mapped", &MachineConfig::mapped, 0, 1},
    {"buffers", &MachineConfig::buffers, 0, 1},
    {"page_shift", &MachineConfig::page_shift, 6, 16},
    {"table_shift", &MachineConfig::table_shift, 0, 9},
    {"bundle", &MachineConfig::bundle, 1, 8},
    {"batch", &MachineConfig::batch, 0, 2047},
    {"batch_count", &MachineConfig::batch_count, 0, 2047},
    {"free_cap", &MachineConfig::free_cap, 1, 512},
    {"failing_batches", &MachineConfig::failing_batches, 0, 2047},
    {"pct_depth", &MachineConfig::pct_depth, 0, 8},
    {"pct_seed", &MachineConfig::pct_seed, 0, 2047},
    {"pct_steps", &MachineConfig::pct_steps, 1, 2047},
}};

// The pages that an operation may name, and how they are numbered in a record: in granules, so that one
// byte reaches them all.
struct PageSpace {
  int pages;    // in all
  int window;   // a range lies in one window of this length
  int granule;  // ceil(pages / 256)

  int granules() const { return (pages + granule - 1) / granule; }
  // The most granules that a range from `first` can have; the last one may be cut short by the window's end.
  int granules_from(int first) const { return (window - first % window + granule - 1) / granule; }
};

constexpr PageSpace page_space(const MachineConfig& machine, Call call) {
  const int pages = (is_on_file(call) ? machine.files : machine.windows) * machine.pages;
  return {pages, machine.pages, (pages + 255) / 256};
}

}  // namespace shootdown
