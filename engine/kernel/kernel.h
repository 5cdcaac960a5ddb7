// The world of one run: the modelled kernel and the machine below it.
//
// One object of fixed size holds all state that a run changes. It is allocated
// once and reset by every run; a run allocates nothing. Pointers in it lead
// only into the object itself.
//
// The code is spread over the files of this folder as in the kernel's mm/; the
// functions take the Task they run for, the kernel's `current`.
#pragma once

#include <array>
#include <cstdint>

#include "engine/kernel/mm.h"
#include "engine/kernel/page.h"
#include "engine/kernel/watcher.h"
#include "engine/machine/machine.h"
#include "engine/program/program.h"
#include "engine/sched/scheduler.h"

namespace shootdown {

class ZapEngine;
class Kernel;

// A thread, which stays on its CPU: what the kernel calls `current`.
struct Task {
  Kernel* kernel = nullptr;
  Mm* mm = nullptr;
  int cpu = 0;
  bool exited = false;
  // --- per-CPU state of arch/x86/mm/tlb.c (cpu_tlbstate) ---
  std::uint64_t tlb_gen = 1;  // up to which flush the TLB is up to date
  Atomic<bool> lazy{false};   // runs no user code of the mm any more: needs no flush until it does
  // Whether it holds a page-table lock. For oracles.
  bool page_table_locked = false;
  // A flush that this CPU has asked others for.
  struct FlushRequest {
    int mm = 0;
    int first = 0;
    int count = 0;  // 0: everything
    std::uint64_t new_tlb_gen = 0;
  } flush;
  Atomic<CpuMask> flush_waits_for{0};  // CPUs that have not handled it yet
  Atomic<CpuMask> flush_asked_by{0};   // CPUs whose request this one must handle
  WaitQueue flush_done;
};

// A list of queued pages of a gather, with room for `max` of them.
struct MmuGatherBatch {
  MmuGatherBatch* next = nullptr;
  unsigned nr = 0;
  unsigned max = 0;
  std::uintptr_t* encoded_pages = nullptr;
};

// A page that holds such a list. Large enough for all that one gather can queue.
struct MmuGatherPage {
  MmuGatherBatch batch;
  std::uintptr_t room[max_virtual_pages];
};

class Kernel final : private Scheduler::Client {
 public:
  // `engine` zaps pages; `watcher` is told of everything. Both must outlive the kernel.
  Kernel(const ZapEngine& engine, Watcher& watcher);

  // Runs a program to its end. `trace` may be null. Files and page tables are empty afterwards: the watcher's
  // end() is the time to look at them.
  Scheduler::Outcome run(const Program& program, TraceSink* trace = nullptr);

  // A digest of all that happened in the last run.
  std::uint64_t hash() const { return sched.hash(); }

  // The most steps a program may need, generously: more than that is a livelock.
  static std::uint64_t step_limit(const Program& program);

  const ZapEngine& engine;
  Watcher& watcher;
  MachineConfig config;
  Machine machine;
  Scheduler sched;
  std::array<Task, max_cpus> tasks;
  std::array<Mm, max_mms> mms;
  std::array<AddressSpace, max_files> files;
  std::array<Page, max_frames> pages;
  Atomic<int> zone_lock{0};    // orders, for ThreadSanitizer, who frees a page and who gets it next
  Page* free_pages = nullptr;  // the free list, last freed first
  int pages_used = 0;          // pages beyond have not been handed out in this run
  Word last_value = 0;         // of next_value

  // Makes the TLB check and the memory access of user programs two steps, which no hardware does. For
  // the test that shows what that would do.
  bool split_access = false;

  // A value that no other store of this run has written.
  Word next_value();

  FrameNumber pfn(const Page* page) const { return static_cast<FrameNumber>(page - pages.data()); }
  Frame& frame(const Page* page) { return machine.frame(pfn(page)); }
  const Frame& frame(const Page* page) const { return machine.frame(pfn(page)); }
  PageTable& page_table(Mm& mm, int virtual_page) const { return mm.page_tables[virtual_page >> config.table_shift]; }

  // __get_free_pages for a gather: null when the program says that it fails.
  MmuGatherBatch* allocate_batch(Task& current);
  void free_batch(Task& current, MmuGatherBatch* batch);
  int batches_in_use() const { return batches_in_use_; }

 private:
  void reset(const Program& program);
  void reset_files();
  void clear_files();
  void reset_mms();
  void run_cpu(int cpu) override;
  bool interrupt(int cpu) override;
  void disturb(int disturbance) override;
  void finish_run(Task& current);

  const Program* program_ = nullptr;
  Atomic<int> threads_left_{0};
  Atomic<int> batch_allocations_{0};
  int batches_used_ = 0;
  int batches_in_use_ = 0;
  MmuGatherBatch* free_batches_ = nullptr;
  std::array<MmuGatherPage, max_cpus * 64> batches_;
};

// A step of the current task.
inline void step(Task& current, Verb verb, Object object, int first = 0, int second = 0) {
  current.kernel->sched.step({verb, object, static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(second)});
}
inline void result(Task& current, std::uint64_t value) {
  current.kernel->sched.result(value);
}

}  // namespace shootdown
