// The modelled kernel, with the machine below it, in one run of a program.
//
// The code is spread over the files of this folder as in the kernel's mm/; the
// functions take the Task they run for, the kernel's `current`.
#pragma once

#include <cstdint>

#include "engine/kernel/disk.h"
#include "engine/kernel/facts.h"
#include "engine/kernel/footprint.h"
#include "engine/kernel/locks.h"
#include "engine/kernel/mm.h"
#include "engine/kernel/page.h"
#include "engine/kernel/swap.h"
#include "engine/machine/machine.h"
#include "engine/run/run.h"

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
  Atomic<bool> lazy{false};   // runs no user code of the mm: needs no flush until it does
  bool idle = false;          // a kernel thread runs on the CPU, or it is about to run user code again (the harness's)
  // --- what code has read and goes on with some steps later: here, and not on its stack, so that states know of it ---
  std::uint32_t flushing_to = 0;     // up to which flush the one that is under way brings the TLB
  std::uint32_t flushing_batch = 0;  // tlb_flush_batched, as it was before the flush that settles it
  std::uint32_t pin_seq = 0;         // write_protect_seq, as it was before the walk that looks for a page to pin
  HeldLocks held;
  int failing_allocations = 0;  // so many of the operation's next ones fail
  // A flush that this CPU has asked others for.
  struct FlushRequest {
    static constexpr int every_mm = -1;
    static constexpr int no_mm = -2;  // only that it is handled counts
    int mm = 0;
    int first = 0;
    int count = 0;  // 0: everything
    std::uint64_t new_tlb_gen = 0;
  };
  Shared<FlushRequest> flush;
  // struct tlbflush_unmap_batch: what reclaim has unmapped without a flush.
  struct UnmapBatch {
    CpuMask cpumask = 0;  // that may hold entries of it
    bool flush_required = false;
    bool writable = false;  // dirty entries were among them: CPUs may go on writing
  };
  UnmapBatch tlb_ubc;
  Atomic<CpuMask> flush_waits_for{0};  // CPUs that have not handled `flush` yet
  Atomic<CpuMask> flush_asked_by{0};   // CPUs whose request this one must handle
  WaitQueue flush_done;
  DiskQueue disk_queue;
};

// A list of queued pages of a gather, with room for `max` of them.
struct MmuGatherBatch {
  MmuGatherBatch* next = nullptr;
  unsigned nr = 0;
  unsigned max = 0;
  std::uintptr_t* encoded_pages = nullptr;
};

class Kernel final : public Run {
 public:
  // `zap_engine` zaps pages.
  Kernel(const RunSetup& setup, const ZapEngine& zap_engine);

  const ZapEngine& engine;
  Machine machine;
  Row<Task> tasks;
  Row<Mm> mms;
  Row<AddressSpace> files;  // and that of the device, behind them, if the program maps its memory
  Row<Page> pages;
  Row<AnonVma> anon_vmas;  // none if no operation makes anonymous pages
  SwapSpace swap;          // of no slots, unless the program can use them
  Footprint footprint;
  Atomic<int> zone_lock{0};             // orders, for ThreadSanitizer, who frees a page and who gets it next
  Shared<Page*> free_pages = nullptr;   // the free list, last freed first
  Shared<Page*> free_folios = nullptr;  // the same of large folios, which are all of one size
  Shared<int> pages_used = 0;           // pages beyond have not been handed out in this run
  Shared<AnonVma*> free_anon_vmas = nullptr;
  Shared<int> anon_vmas_used = 0;
  Shared<Word> last_value = 0;  // of next_value

  // A value that no other store of this run has written.
  Word next_value();

  // Of the page that is full of zeros. It is nobody's, and there is one only if the program maps anonymous memory.
  FrameNumber zero_pfn() const { return static_cast<FrameNumber>(page_count()); }
  // The device's memory, by its place there: the frame in which it is. Guarded by the invalidate_lock of its address space.
  Row<Shared<FrameNumber>> device_memory;
  AddressSpace& device() const { return files[config.files]; }
  // The frames that it can be in at a place: the first, and what it is moved to in turn.
  FrameNumber device_frame(int place, int turn) const {
    return static_cast<FrameNumber>(zero_pfn() + 1 + 2 * place + turn);
  }

  // Pages of a device's private memory are the first ones: as many as the program can ask for.
  bool is_device_private_page(const Page* page) const { return pfn(page) < private_pages_; }
  int private_pages() const { return private_pages_; }

  // Whether somebody in this run may truncate a file, or punch a hole.
  bool truncates() const { return truncates_; }
  // The pages that there are to hand out.
  int page_count() const { return machine.frame_count() - machine.reserved(); }
  FrameNumber pfn(const Page* page) const { return static_cast<FrameNumber>(page - pages.begin()); }
  Frame& frame(const Page* page) { return machine.frame(pfn(page)); }
  const Frame& frame(const Page* page) const { return machine.frame(pfn(page)); }
  PageTable& page_table(Mm& mm, int virtual_page) const { return mm.page_tables[virtual_page >> config.table_shift]; }

  // __get_free_pages for a gather, with room for `max` pages: null when it fails, which is a choice.
  MmuGatherBatch* allocate_batch(Task& current, unsigned max);
  void free_batch(Task& current, MmuGatherBatch* batch);
  int batches_in_use() const { return batches_in_use_; }

  // See Run::announce.
  template <typename E>
  void announce(int cpu, const E& event) {
    Run::announce(cpu, event);
    footprint.announced(cpu, event);
  }

 private:
  // `vmas`: mappings that an mm can have.
  void init_file(int number, int vmas);
  void init_mm(int number, int vmas, bool born);
  void init_task(int cpu);
  std::uint64_t step_limit(const Program& program) const override;
  void enter() override;
  void leave() override { footprint.end(); }
  void begin_operation(int cpu) override;
  void run_operation(int cpu, const Operation& operation) override;
  bool has_exited(int cpu) const override { return tasks[cpu].exited; }
  void exit_thread(int cpu) override;
  void finish(int cpu) override;
  bool interrupt(int cpu) override;
  void disturb(const Choice& choice) override;
  void fill(const Task& by, const Task& owner, int page);

  const KernelFacts facts_{*this};
  const bool truncates_;
  const FrameNumber private_pages_;
  int batches_made_ = 0;
  int batches_in_use_ = 0;
  MmuGatherBatch* free_batches_ = nullptr;
};

// Whether this mistake shall be made. Who asks makes it then: the place counts as reached.
inline bool planted(const Task& current, Defect defect) {
  if (__builtin_expect(static_cast<int>(current.kernel->defect != defect), 1) != 0) return false;
  current.kernel->defect_reached.store(true, std::memory_order_relaxed);
  return true;
}

// Whether the allocation that the task is about to make fails, which is a choice.
inline bool allocation_fails(Task& current) {
  if (current.failing_allocations == 0) return false;
  --current.failing_allocations;
  return true;
}

// --- facts ---

// What a page is used for, and which folio it is a part of, may change until a step is made: events are given the frame, and act()
// fills in the rest. Of one page:
inline PageFact frame_fact(const Task& current, const Page* page) {
  return {.frame = current.kernel->pfn(page)};
}
// Of its folio, which is all that has flags and counts:
inline constexpr Fact whole_folio = 0;
inline PageFact folio_fact(const Task& current, const Page* page) {
  return {.frame = current.kernel->pfn(page), .pages = whole_folio};
}

// Of so many pages from `page` on.
SHOOTDOWN_HARNESS inline PageFact page_fact(const Kernel& kernel, const Page* page, Fact pages) {
  const Unwatched unwatched;
  const Fact frame = kernel.pfn(page);
  if (page->mapping < 0) return {.frame = frame, .pages = pages};
  return {.frame = frame, .file = static_cast<Fact>(page->mapping), .index = page->index, .pages = pages};
}
inline PageFact filled_in(const Kernel& kernel, const PageFact& fact) {
  const Page* const page = &kernel.pages[fact.frame];
  if (fact.pages != whole_folio) return page_fact(kernel, page, fact.pages);
  return page_fact(kernel, page->folio(), as_fact(page->nr_pages()));
}
// Page-table entries that lead to a page of the folio.
SHOOTDOWN_HARNESS inline Fact entries_to(const Kernel& kernel, const Page* folio) {
  const FrameNumber first = kernel.pfn(folio);
  const int pages = folio->nr_pages();
  Fact entries = 0;
  for (int i = 0; i < pages; ++i) entries += kernel.machine.frame(static_cast<FrameNumber>(first + i)).entries;
  return entries;
}

// --- announcing ---

// What a step consists of, behind its step point.
template <typename E, typename Action>
void do_and_announce(Task& current, E& event, Action&& action) {
  if constexpr (requires { event.page.frame; }) event.page = filled_in(*current.kernel, event.page);
  if constexpr (std::is_invocable_v<Action, E&>) {
    action(event);
  } else {
    action();
  }
  current.kernel->announce(current.cpu, event);
}

// A step of the current task: other CPUs may run; then `action` is done, which may fill in what it finds; then that
// is announced. Returns the event as it was announced.
template <typename E, typename Action>
E act(Task& current, const E& event, Action&& action) {
  static_assert(E::is_step);
  E happening = event;
  current.kernel->footprint.compare(current);
  current.kernel->sched.step(step_point(happening));
  do_and_announce(current, happening, std::forward<Action>(action));
  return happening;
}

// Something takes effect in the current task's step at hand.
template <typename E>
void note(const Task& current, const E& event) {
  static_assert(!E::is_step);
  current.kernel->announce(current.cpu, event);
}

// Beside what its last step says, the task touches this (footprint.h).
inline void also_reads(const Task& current, const Places& place) {
  current.kernel->footprint.also_reads(current.cpu, place);
}
inline void also_writes(const Task& current, const Places& place) {
  current.kernel->footprint.also_writes(current.cpu, place);
}

// What the scheduler asks is nothing that the kernel does.
template <typename Enabled>
auto unwatched(const Enabled& enabled) {
  return [&enabled] {
    const Unwatched unwatched;
    return enabled();
  };
}

// A step that can be made only while `enabled()`. If the task has to wait for that, the note that `waiting()` returns
// says so. Whoever makes it so wakes the queue.
template <typename E, typename Enabled, typename Waiting, typename Action>
E act_when(Task& current, E event, WaitQueue& queue, const Enabled& enabled, const Waiting& waiting, Action&& action) {
  current.kernel->footprint.compare(current);
  current.kernel->sched.step_when(step_point(event), queue, unwatched(enabled), [&] { note(current, waiting()); });
  do_and_announce(current, event, std::forward<Action>(action));
  return event;
}

// The task waits until `enabled()`, which is no step.
template <typename Enabled, typename Waiting>
void await(Task& current, WaitQueue& queue, const Enabled& enabled, const Waiting& waiting) {
  current.kernel->sched.wait_until(step_point(waiting()), queue, unwatched(enabled), [&] { note(current, waiting()); });
}

// A step in which a lock is taken, and which can be made only while it is `free()`. `queue` is called if the task has to
// wait for that.
template <typename Free, typename Take, typename Queue>
void take_lock(Task& current, const LockFact& lock, bool shared, WaitQueue& waiters, const Free& free, Take&& take,
               Queue&& queue) {
  const auto waiting = [&] {
    queue();
    return event::WaitForLock{.lock = lock, .holders = holders_of(current, lock)};
  };
  act_when(current, event::TakeLock{.lock = lock, .shared = shared, .taken = 1}, waiters, free, waiting, [&] {
    take();
    current.held.add(lock);
  });
}
template <typename Free, typename Take>
void take_lock(Task& current, const LockFact& lock, bool shared, WaitQueue& waiters, const Free& free, Take&& take) {
  take_lock(current, lock, shared, waiters, free, std::forward<Take>(take), [] {});
}

// The same for who does not wait for it: `take` tries, and returns whether it could.
template <typename Take>
bool try_lock(Task& current, const LockFact& lock, bool shared, Take&& take) {
  const event::TakeLock attempted{.lock = lock, .shared = static_cast<Fact>(shared), .tries = 1};
  const auto attempt = act(current, attempted, [&](event::TakeLock& found) {
    found.taken = static_cast<Fact>(take());
    if (found.taken == 0) found.holders = holders_of(current, lock);
  });
  if (attempt.taken != 0) current.held.add(lock);
  return attempt.taken != 0;
}

}  // namespace shootdown
