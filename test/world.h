// A world without a kernel, for tests: its facts are what a test says they are.
//
// What a test says nothing of is empty: no frame is in use, disks are full of
// zeros, TLBs hold nothing, counts are 0. Which frame holds a page of a file is
// what the frames say of themselves.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/events/event.h"
#include "engine/events/facts.h"
#include "engine/program/program.h"

namespace shootdown {

struct TestFrame {
  FrameFacts facts;
  std::array<Fact, max_words> words{};
};

struct TestMm {
  std::array<long, rss_kinds> rss{};
  int flushes_pending = 0;
  bool page_table_locked = false;
  std::vector<int> present_entries{0};  // of each page table
  std::map<int, EntryFact> entries;     // by page
};

struct TestCpu {
  int mm = 0;
  bool lazy = false;
  std::vector<TlbFact> tlb;
};

class TestWorld final : public World {
 public:
  // --- the facts ---
  EventSet sent = EventSet::all();
  MachineConfig config;
  std::uint64_t steps = 0;
  unsigned unfinished = 0;
  std::deque<TestFrame> frames_in_use;  // references to them stay good
  Fact stride = 64;
  Fact array_length = 4096;
  std::map<std::tuple<int, int, int>, Fact> disk;  // by file, index and word
  std::map<std::pair<int, int>, Fact> tags;        // by file and index
  std::array<TestMm, max_mms> mms;
  std::array<TestCpu, max_cpus> cpus;
  std::vector<int> swap_users_of;  // each slot
  int batches = 0;
  bool rss_at_once = true;
  std::string_view code;  // the function that every CPU is in
  std::vector<std::pair<TextFact, std::string_view>> texts;

  // The next frame, which is no file's.
  TestFrame& add_frame() {
    const PageFact page{.frame = static_cast<Fact>(frames_in_use.size())};
    TestFrame& added = frames_in_use.emplace_back();
    added.facts = {.page = page, .folio = page};
    return added;
  }
  // The next frame, in a file's page cache. Its count is right.
  TestFrame& add_page(Fact file, Fact index) {
    TestFrame& added = add_frame();
    PageFact page = added.facts.page;
    page.file = file;
    page.index = index;
    added.facts = {.flags = PG_uptodate, .refcount = 1, .page = page, .folio = page};
    return added;
  }

  // --- World ---
  EventSet events_sent() const override { return sent; }
  std::string_view function(int /*cpu*/) const override { return code; }
  const MachineConfig& machine_config() const override { return config; }
  int files() const override { return config.files; }
  std::uint64_t steps_made() const override { return steps; }
  std::uint64_t steps_of_operation() const override { return steps; }
  unsigned unfinished_cpus() const override { return unfinished; }
  int frames() const override { return static_cast<int>(frames_in_use.size()); }
  FrameFacts frame_facts(Fact frame) const override { return frames_in_use.at(frame).facts; }
  Fact frame_word(Fact frame, int word) const override {
    return frames_in_use.at(frame).words.at(static_cast<std::size_t>(word));
  }
  Fact page_stride() const override { return stride; }
  Fact page_array_length() const override { return array_length; }
  Fact cached_frame(int file, int index) const override {
    for (const TestFrame& frame : frames_in_use) {
      const PageFact& page = frame.facts.page;
      if (page.file == static_cast<Fact>(file) && page.index == static_cast<Fact>(index)) return page.frame;
    }
    return no_fact;
  }
  Fact cache_tags(int file, int index) const override {
    const auto found = tags.find({file, index});
    return found == tags.end() ? 0 : found->second;
  }
  Fact disk_word(int file, int index, int word) const override {
    const auto found = disk.find({file, index, word});
    return found == disk.end() ? 0 : found->second;
  }
  EntryFact entry(int mm, int page) const override {
    const auto& entries = mm_at(mm).entries;
    const auto found = entries.find(page);
    return found == entries.end() ? EntryFact() : found->second;
  }
  long rss(int mm, RssKind kind) const override { return mm_at(mm).rss[kind]; }
  bool counts_rss_at_once() const override { return rss_at_once; }
  int swap_slots() const override { return static_cast<int>(swap_users_of.size()); }
  int swap_users(int slot) const override { return swap_users_of.at(static_cast<std::size_t>(slot)); }
  int flushes_pending(int mm) const override { return mm_at(mm).flushes_pending; }
  bool page_table_locked(int mm) const override { return mm_at(mm).page_table_locked; }
  int page_tables(int mm) const override { return static_cast<int>(mm_at(mm).present_entries.size()); }
  int present_entries(int mm, int table) const override {
    return mm_at(mm).present_entries.at(static_cast<std::size_t>(table));
  }
  int mm_of(int cpu) const override { return cpu_of(cpu).mm; }
  bool is_lazy(int cpu) const override { return cpu_of(cpu).lazy; }
  int tlb_size(int cpu) const override { return static_cast<int>(cpu_of(cpu).tlb.size()); }
  TlbFact tlb_entry(int cpu, int number) const override { return cpu_of(cpu).tlb.at(static_cast<std::size_t>(number)); }
  int batches_in_use() const override { return batches; }
  std::string_view text(TextFact text) const override {
    const auto found = std::ranges::find(texts, text, &std::pair<TextFact, std::string_view>::first);
    return found == texts.end() ? std::string_view() : found->second;
  }

 private:
  const TestMm& mm_at(int mm) const { return mms.at(static_cast<std::size_t>(mm)); }
  const TestCpu& cpu_of(int cpu) const { return cpus.at(static_cast<std::size_t>(cpu)); }
};

}  // namespace shootdown
