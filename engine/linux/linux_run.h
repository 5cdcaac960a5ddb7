// A run of a program on Linux's own code.
//
// The kernel's functions run on the CPUs' fibers; accesses that they make to
// memory are steps, but for those to their own stack and at places of the code that are
// known to touch only what no other CPU can touch at that time (places.h). User programs' loads and stores go
// through a simulated TLB and the kernel's real page tables. What oracles must know
// is announced from what the code does to memory, or where its files call each other
// (shim/commits.c).
//
// Only one can be under way in a process: the code knows one memory (memory.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <tuple>

#include "engine/arena.h"
#include "engine/events/event.h"
#include "engine/linux/gate.h"
#include "engine/linux/memory.h"
#include "engine/linux/texts.h"
#include "engine/machine/tlb.h"
#include "engine/run/engine.h"

namespace shootdown {

// The kinds of events that it sends; or would, of operations that it refuses.
using SentByLinux = EventList<
    event::RunBegins, event::RunEnds, event::OperationBegins, event::UserAccess, event::RefuseAccess,
    event::EvictTranslation, event::FillTranslation, event::FlushTranslation, event::RaiseTlbGeneration,
    event::SendInterrupt, event::TakeInterrupt, event::ReadEntry, event::SetEntry, event::ClearEntry, event::ReadTable,
    event::TakeLock, event::DropLock, event::SleepInAtomic, event::InsertMapping, event::BeginUnmap, event::EndUnmap,
    event::SetDirty, event::ClearDirty, event::SetWriteback, event::ClearWriteback, event::MarkAccessed,
    event::AttachBuffers, event::StripBuffers, event::GetPage, event::PutPage, event::FreezeRefcount,
    event::UnfreezeRefcount, event::AddRmap, event::RemoveRmap, event::AllocatePage, event::FreePage, event::LookUpPage,
    event::AddToPageCache, event::RemoveFromPageCache, event::TagPage, event::ReadFromDisk, event::WriteToDisk,
    event::ReadWord, event::WriteWord, event::WriteReturns, event::FsyncBegins, event::FsyncReturns, event::BeginGather,
    event::BeginZap, event::EndZap, event::QueuePage, event::AllocateBatch, event::FlushGather, event::EndGather,
    event::SetFileSize, event::BeginDiscard, event::EndDiscard, event::KernelWarns, event::UseFreed, event::CopyWord,
    event::FreeLazily, event::Fork, event::WriteToSwap, event::ReadFromSwap, event::MoveWord, event::ReplaceInPageCache,
    event::PinBegins, event::DmaWord, event::DmaReturns, event::RefusePin>;

class LinuxRun final : public Run, public World {
  // What the program is about to do for a CPU's thread, or for its interrupts: with the bytes on the kernel's stack this says how
  // that goes on.
  struct Doing {
    // Of the kernel's code that is served: which, and its arguments; zeros: none.
    std::array<std::uintptr_t, 8> call{};
    std::uint64_t steps_in_call = 0;
    std::uint64_t steps = 0;  // in no call; and how often it has called the kernel
  };

 public:
  LinuxRun(const Engine& engine, const RunSetup& setup);

  // The one that is under way, which the kernel's code belongs to; null: there is none.
  static LinuxRun* current();

  // --- what the shim asks for (shim/interface.h) ---

  // While a call of the kernel's code is served: which, and with what arguments.
  template <typename... Arguments>
  class Served {
   public:
    template <typename Function>
    Served(LinuxRun& run, Function function, Arguments... arguments)
        : doing_(run.doing()), is_call_(doing_.call[0] == 0) {
      if (!is_call_) return;  // by another one, which does the same without going on from here
      std::memcpy(doing_.call.data(), &function, sizeof doing_.call[0]);
      std::size_t word = 1;
      const auto note = [&]<typename T>(const T& argument) {
        const std::span bytes = std::as_bytes(std::span(&argument, 1));
        std::memcpy(&doing_.call[word], bytes.data(), bytes.size());
        word += words<T>;
      };
      (note(arguments), ...);
    }
    ~Served() {
      if (!is_call_) return;
      std::fill_n(doing_.call.begin(), all_words, std::uintptr_t{0});
      doing_.steps_in_call = 0;
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

   private:
    template <typename T>
    // NOLINTNEXTLINE(bugprone-sizeof-expression): arguments may be pointers, which are meant
    static constexpr std::size_t words = (sizeof(T) + sizeof(std::uintptr_t) - 1) / sizeof(std::uintptr_t);
    static constexpr std::size_t all_words = (std::size_t{1} + ... + words<Arguments>);
    static_assert(all_words <= std::tuple_size_v<decltype(Doing::call)>);

    Doing& doing_;
    bool is_call_;
  };

  // The code is about to access its own stack, which nobody needs to know.
  bool passes_over(const volatile void* address, const void* code) const {
    if (!LinuxMemory::is_on_stack(cpu(), const_cast<const void*>(address))) return false;
    if (counts_all_) note_code(LinuxMemory::offset_of(code));
    return true;
  }
  // Or other memory: a step, if it is at a place that others can see.
  void access_memory(const volatile void* address, std::size_t size, bool writes, const void* code);
  // The same of what is about to be copied.
  void access_two(const void* from, void* to, std::size_t size, const void* code);
  // It says that it is about to read; the read itself is seen, too, unless it is in assembly.
  void read_is_announced(const volatile void* address, std::size_t size, const void* code);
  // A step that accesses memory.
  void step(const volatile void* address, std::size_t size, bool writes, const void* code);
  // What is reported next comes of this code.
  void comes_of(const void* code) { cpus_[cpu()].code = code; }
  using Condition = int (*)(const void*);
  void step_when(const void* object, Condition enabled, const void* argument, const void* code);
  void begin_one_step(int acts_for) { cpus_[cpu()].acts_for = acts_for; }
  void end_one_step() { cpus_[cpu()].acts_for = nobody; }
  void wait_until(const void* object, Condition enabled, const void* argument);
  void wake() { sched.wake(waiting_); }
  // For a while: until no CPU can go on but those that sleep, too, and have done so for less long.
  void sleep();
  void send_interrupt(int cpu) { sched.post_interrupt(cpu); }
  void flush_tlb_page(std::uintptr_t address);
  void flush_tlb();
  bool allocation_fails();
  void batch_allocated(bool succeeded);
  void frame_allocated(Fact frame, Fact count);
  void frame_freed(Fact frame);
  void object_freed(const void* object, std::size_t size) { observe(object, size, true, CodeAccess::no_place); }
  void freed_twice(Fact frame, const void* code);
  void locked(const void* lock, bool shared);
  void unlocked(const void* lock);
  void lock_taken(LockFact lock, bool shared, bool tries);
  void lock_dropped(LockFact lock);
  void sleep_in_atomic();
  void interrupt_sent(Fact cpus);
  void interrupt_taken(int sender);
  void gather_begins(int mm);
  void gather_ends(int mm);
  void unmap_begins(int mm, std::uintptr_t start, std::uintptr_t end);
  void unmap_ends(int mm, std::uintptr_t start, std::uintptr_t end);
  void protect_begins(int mm, std::uintptr_t start, std::uintptr_t end);
  void protect_ends(int mm, std::uintptr_t start, std::uintptr_t end);
  void mapped(int mm, std::uintptr_t start, std::uintptr_t end, const linux_shown* shown);
  void fork_begins(int mm, int child);
  void fork_ends(int mm, int child);
  void copy_page(Fact from, Fact to);
  void move_page(Fact from, Fact to);
  void device_frame_freed(Fact frame);
  void zap_begins(int mm, std::uintptr_t start, std::uintptr_t end);
  void zap_ends(int mm, std::uintptr_t start, std::uintptr_t end);
  void page_queued(Fact frame, Fact count, std::uintptr_t pointer, Fact queued, Fact room, Fact batches);
  void page_looked_up(int file, Fact index, long frame);
  void slot_store_begins(int file, Fact index, std::uintptr_t entry, const void* code);
  void slot_store_ends();
  void page_tagged(int file, Fact index, Fact tag);
  void discard_begins(int file, Fact first, Fact count);
  void discard_ends(int file, Fact first, Fact count);
  void fsync_begins(int file, Fact first, Fact count);
  void fsync_returns(int file, Fact first, Fact count);
  void read_words(Fact frame);
  void write_words(Fact frame);
  void dma_word(Fact frame);
  void read_page(int file, Fact index, Fact frame);
  void write_page(int file, Fact index, Fact frame);
  void write_swap(Fact slot, Fact frame);
  void read_swap(Fact slot, Fact frame);

  void error_printed(const char* format);

  // --- what the kernel's code does wrong (traps.h) ---

  // The access that it is about to make, if that is looked at just now; null: none is.
  struct Look {
    const volatile void* address;
    const void* code;
  };
  const Look* looked_at() const { return looking_ ? &look_ : nullptr; }
  bool is_on_cpu(const void* stack) const {
    return fibers_.of(sched.current()).owns(stack) || LinuxMemory::is_on_stack(sched.current(), stack);
  }
  void complains(const event::KernelWarns& complaint) { announce(cpu(), complaint); }
  // In place of the code of the CPU that runs, which cannot go on.
  [[noreturn]] static void end_here() { current()->sched.stop(); }

  // --- facts ---

  EventSet events_sent() const override { return engine_.sends(); }
  const MachineConfig& machine_config() const override { return config; }
  std::uint64_t steps_made() const override { return sched.steps(); }
  std::uint64_t steps_of_operation() const override { return sched.steps_of_operation(); }
  unsigned unfinished_cpus() const override { return sched.unfinished(); }
  int frames() const override { return linux_frames; }
  FrameFacts frame_facts(Fact frame) const override;
  Fact frame_word(Fact frame, int word) const override { return LinuxMemory::frame_words(frame)[word]; }
  Fact page_stride() const override { return struct_page_size; }
  Fact page_array_length() const override { return linux_frames; }
  int files() const override { return files_; }
  Fact cached_frame(int file, int index) const override;
  Fact cache_tags(int file, int index) const override;
  Fact disk_word(int file, int index, int word) const override { return disk_page(file, index).words[word]; }
  EntryFact entry(int mm, int page) const override;
  long rss(int mm, RssKind kind) const override;
  // SPLIT_RSS_COUNTING of 6.1, and percpu_counter of 6.12.
  bool counts_rss_at_once() const override { return false; }
  int flushes_pending(int mm) const override;
  bool page_table_locked(int mm) const override { return linux_table_lock_owner(mm) >= 0; }
  int page_tables(int /*mm*/) const override { return 1; }
  int present_entries(int mm, int table) const override;
  int mm_of(int cpu) const override { return config.mm_of(cpu); }
  bool is_lazy(int cpu) const override {
    return cpus_[cpu].in_kernel_thread ? linux_has_missed_flushes(cpu) != 0 : linux_is_lazy(cpu) != 0;
  }
  int tlb_size(int cpu) const override;
  TlbFact tlb_entry(int cpu, int number) const override;
  int batches_in_use() const override { return 0; }
  int swap_slots() const override { return linux_swap_areas * linux_swap_slots; }
  int swap_users(int slot) const override;
  std::string_view function(int cpu) const override { return LinuxMemory::function_of(cpus_[cpu].code); }
  std::string_view text(TextFact text) const override { return linux_text(text); }

 private:
  static constexpr int nobody = -1;

  // What the access at hand is to, and how it was before.
  struct Touched {
    linux_place place{};
    bool writes = false;
    Pte entry;
    unsigned long generation = 0;
    unsigned long pages = 0;  // of a file
    linux_frame frame{};
    const void* code = nullptr;
  };
  // An entry that is being stored in a slot of a page cache.
  struct SlotStore {
    bool under_way = false;
    int file = 0;
    Fact index = 0;
    std::uintptr_t entry = 0;
    const void* code = nullptr;
  };
  // A word that a device is to write.
  struct Dma {
    int page = -1;  // virtual; -1: none
    Fact word = 0;
    std::uint32_t lives = 0;  // of the frame, when the entry was read that led to it
    PageFact written;
    Fact value = 0;
  };
  struct Cpu {
    LinuxStacks stacks;
    Doing doing[2];  // of the thread, of interrupts
    Tlb tlb;
    bool takes_interrupts = true;
    bool in_interrupt = false;
    bool exited = false;
    bool in_kernel_thread = false;  // its CPU runs no user code
    int acts_for = nobody;          // another CPU, meanwhile in one step
    PageFact copied;                // by read() or write()
    Pte faulted;                    // the entry that the fault at hand began with
    event::FreeLazily lazily{};     // what it frees so; count 0: nothing
    Dma dma;
    int failing_allocations = 0;  // so many of the operation's next ones that must not sleep fail
    unsigned idle = 0;            // accesses since anybody last changed something
    std::uint64_t knew = 0;       // a digest of what it knew at one of these
    bool spins = false;           // it waits until somebody changes something
    std::uint64_t sleeps = 0;     // since it was so late (falls_asleep_); 0: it does not
    int unseen = 0;               // accesses since its last step
    // What the access at hand may change, and how it was before.
    const void* memory = nullptr;
    std::size_t memory_size = 0;
    std::array<std::byte, 64> was{};
    Touched touched;
    SlotStore slot_store;
    const void* code = nullptr;    // what is announced comes of; null: nobody's
    std::uintptr_t announced = 0;  // the word of memory that it has said it will read; 0: none
  };
  struct DiskPage {
    Fact words[max_words] = {};
  };

  void visit_memory(const MemoryVisitor& visit) const override;
  std::uint64_t step_limit(const Program& program) const override;
  void enter() override;
  void leave() override;
  void begin_operation(int cpu) override;
  void enter_kernel();
  void run_operation(int cpu, const Operation& operation) override;
  bool has_exited(int cpu) const override { return cpus_[cpu].exited; }
  void exit_thread(int cpu) override;
  void finish(int cpu) override;
  bool interrupt(int cpu) override;
  void disturb(const Choice& choice) override;

  DiskPage& disk_page(int file, int index) const { return disk_[file * config.pages + index]; }
  int cpu() const { return sched.current(); }
  Doing& doing() { return cpus_[cpu()].doing[cpus_[cpu()].in_interrupt ? 1 : 0]; }
  void count_own_step();
  // Calls a function of the kernel's.
  template <typename Function, typename... Arguments>
  auto call(Function* function, Arguments... arguments);
  // Before another CPU may come to run, and when this one goes on.
  void leave_step();
  void note_memory(const volatile void* address, std::size_t size, const void* code);
  void count_change(Cpu& own);
  void watch_for_spinning();
  bool may_spin_on(int spinner) const;
  bool is_announced(const volatile void* address, bool writes);
  bool is_step(std::size_t place);
  bool is_preemptible(std::size_t place) const;
  void make_step(const volatile void* address, std::size_t size, std::size_t place);
  void make_quiet_step(std::size_t size, std::size_t place);
  void mix_step(std::size_t size, std::size_t place);
  void observe(const volatile void* address, std::size_t size, bool writes, std::size_t place);
  bool may_wake(int sleeper) const;
  bool in_one_step() const { return cpus_[cpu()].acts_for != nobody; }
  int observed_cpu() const { return in_one_step() ? cpus_[cpu()].acts_for : cpu(); }
  Agent agent() const { return cpus_[cpu()].in_interrupt ? Agent::interrupt : Agent::thread; }
  void note_code(std::size_t place) const;
  void enter_step();
  void note_touch(const volatile void* address, bool writes, const void* code);
  void check_not_freed(linux_place& place, const void* code);
  void tell_of_access(const volatile void* address, bool writes);
  void report_slot_store(Cpu& own, std::uintptr_t was, std::uintptr_t now);
  void report_touch(const Touched& touched);
  void report_entry(const Touched& touched);
  void report_table(const Touched& touched);
  void report_generation(const Touched& touched);
  void report_size(const Touched& touched);
  void report_page(const linux_frame& was, const linux_frame& now);
  PageFact as_cached(const PageFact& page) const;
  void report_flags(const PageFact& page, const linux_frame& was, const linux_frame& now);
  void report_counts(const PageFact& page, const linux_frame& was, const linux_frame& now);
  void own_step(StepPoint point);
  template <typename E>
  void report(const E& event);
  template <typename E>
  void report_range(int mm, std::uintptr_t start, std::uintptr_t end, E event = {});
  std::span<const std::uint64_t> entries_of(int mm) const;
  Fact entries_to(Fact first, Fact count) const;

  void user_access(int cpu, int page, int word, bool store);
  Pte walk(int cpu, int page, bool store) const;
  event::UserAccess access(int cpu, int page, int word, bool store);
  void read(int cpu, int file, int index);
  void write(int cpu, int file, int index);
  void dma(int cpu, int page, int word);
  void write_exclusively(int cpu, int page, int word);
  void idle(int cpu);
  void note_entry_read(int mm, int page, Pte entry);
  void map(linux_mapping mapping, int first, int count);
  void unmap(int first, int count);
  void fork(int child);
  bool is_born(int mm) const { return (unborn_mms_ >> static_cast<unsigned>(mm) & 1U) == 0; }
  void free_lazily(int cpu, int first, int count);
  void report_lazily(bool done);

  const Engine& engine_;
  LinuxMemory& memory_;
  CpuFibers& fibers_;
  Row<Cpu> cpus_;
  Row<DiskPage> disk_;
  Row<DiskPage> swap_;        // by slot
  Row<std::uint32_t> lives_;  // of each frame, that have ended
  WaitQueue waiting_;
  CodeWatch code_;
  const VisibleCode& visible_;
  bool counts_all_;                 // there is a counter for every place: accesses that are no steps are counted, too
  int files_;                       // and the memory of a device
  unsigned unborn_mms_;             // a bit for each that is yet to be forked
  unsigned begun_mms_ = 0;          // of these, which a thread forks just now
  std::uint64_t falls_asleep_ = 0;  // how often somebody has
  Fact last_value_ = 0;
  Look look_{};
  volatile bool looking_ = false;  // a fault of the moment is the access's
};

}  // namespace shootdown
