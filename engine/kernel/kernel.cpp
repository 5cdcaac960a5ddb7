#include "engine/kernel/kernel.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/kernel/filemap.h"
#include "engine/kernel/mmap.h"
#include "engine/kernel/operations.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/truncate.h"
#include "engine/kernel/vma.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"
#include "engine/program/calls.h"
#include "engine/program/forks.h"

namespace shootdown {

namespace {

// A task never holds more locks at once, but for those of pages that it truncates.
constexpr int max_locks_held = 16;

// More pages of batches than that there is no memory for.
constexpr int max_batches = 64 * max_cpus;

// A mapping has a page at least. Beside those of the mm itself there are those that each CPU is unmapping, and one more
// while a mapping is split. Where nobody changes mappings they are those of the beginning.
int vmas_needed(const Program& program) {
  const MachineConfig& config = program.machine;
  const bool changes =
      has_any(program, {Call::mmap, Call::populate, Call::munmap, Call::mmap_private, Call::mmap_anonymous,
                        Call::mmap_device, Call::protect, Call::unprotect, Call::mremap});
  if (!changes) return config.windows;
  return std::min(config.virtual_pages() * (1 + config.cpus) + 1, max_vmas);
}

// Each mapping may have one of its own, and so may each fault for a moment. With its last mapping one goes, but for a root, which
// stays as long as those that forks have made of it.
int anon_vmas_needed(const Program& program) {
  return 2 * program.machine.mms * vmas_needed(program) + program.machine.cpus;
}

// Whether anything can be swapped out.
bool swaps(const Program& program) {
  return has_any(program, {Call::kswapd, Call::pageout});
}

// The page that is full of zeros, if anybody needs it, and behind that the memory of the device.
int frames_reserved(const Program& program) {
  if (maps_device(program)) return 1 + 2 * program.machine.pages;
  return has_any(program, {Call::mmap_anonymous}) ? 1 : 0;
}

// Whose pages are anonymous, of a file at first or not.
bool makes_anonymous_pages(const Program& program) {
  return has_any(program, {Call::mmap_anonymous, Call::mmap_private});
}

// Each operation that wants a page of a device's private memory takes one.
int private_pages_needed(const Program& program) {
  return static_cast<int>(std::ranges::count(operations_of(program), Call::to_device, &Operation::call));
}

// As many as can be in use at once: a page of each file in the page cache; others, dropped from it or no file's, at the end of
// each entry of each mm and in the gathers of each CPU; and what CPUs have in hand, which are more where pages are copied.
int frames_needed(const Program& program) {
  const MachineConfig& config = program.machine;
  const int in_hand = makes_anonymous_pages(program) || has_any(program, {Call::migrate}) ? 4 : 2;
  const int pages = config.virtual_pages();
  const int needed = config.files * config.pages + config.mms * pages + config.cpus * (pages + in_hand);
  // A large folio is in use as long as one page of it is.
  const int of_memory = (needed << config.folio_order) + frames_reserved(program);
  return std::min(private_pages_needed(program) + of_memory, max_frames);
}

}  // namespace

Kernel::Kernel(const RunSetup& setup, const ZapEngine& zap_engine)
    : Run(setup, facts_),
      engine(zap_engine),
      machine(setup.arena, config, frames_needed(setup.program), frames_reserved(setup.program)),
      tasks(setup.arena.row<Task>(config.cpus)),
      mms(setup.arena.row<Mm>(config.mms)),
      files(setup.arena.row<AddressSpace>(files_of(setup.program))),
      pages(setup.arena.row<Page>(machine.frame_count())),
      anon_vmas(setup.arena.row<AnonVma>(makes_anonymous_pages(setup.program) ? anon_vmas_needed(setup.program) : 0)),
      footprint(*this, setup.arena, config.cpus),
      truncates_(truncates_files(setup.program)),
      private_pages_(static_cast<FrameNumber>(private_pages_needed(setup.program))) {
  pages_used = private_pages();
  if (swaps(setup.program)) swap.init(arena().row<SwapSlot>(max_swap_slots), arena().row<SwapArea>(swap_areas));
  const int vmas = vmas_needed(setup.program);
  for (int file = 0; file < files.size(); ++file) init_file(file, vmas);
  if (maps_device(setup.program)) device_memory = arena().row<Shared<FrameNumber>>(config.pages);
  for (int place = 0; place < device_memory.size(); ++place) device_memory[place] = device_frame(place, 0);
  for (int number = 0; number < anon_vmas.size(); ++number)
    anon_vmas[number].rwsem.init({.kind = LockClass::anon_vma, .number = as_fact(number)});
  const unsigned unborn = forked_mms(setup.program);
  for (int mm = 0; mm < config.mms; ++mm) init_mm(mm, vmas, (unborn >> static_cast<unsigned>(mm) & 1U) == 0);
  for (int cpu = 0; cpu < config.cpus; ++cpu) init_task(cpu);
}

void Kernel::init_file(int number, int vmas) {
  AddressSpace& file = files[number];
  file.number = static_cast<std::uint8_t>(number);
  file.i_rwsem.init({.kind = LockClass::inode, .owner = as_fact(number)});
  file.i_mmap_rwsem.init({.kind = LockClass::i_mmap, .owner = as_fact(number)});
  file.invalidate_lock.init({.kind = LockClass::invalidate, .owner = as_fact(number)});
  file.i_size.store(config.pages, std::memory_order_relaxed);
  file.i_pages_lock.init({.kind = LockClass::i_pages, .owner = as_fact(number)});
  file.slots = arena().row<Atomic<Page*>>(config.pages);
  file.tags = arena().row<Atomic<std::uint8_t>>(config.pages);
  file.i_mmap = arena().row<Shared<Vma*>>(config.mms * vmas);
  file.disk = arena().row<DiskPage>(config.pages);
}

void Kernel::init_mm(int number, int vmas, bool born) {
  Mm& mm = mms[number];
  mm.born.store(born, std::memory_order_relaxed);
  mm.number = static_cast<std::uint8_t>(number);
  mm.mmap_lock.init({.kind = LockClass::mmap, .owner = as_fact(number)});
  mm.vmas = arena().row<Vma>(vmas);
  mm.vma_used = arena().row<Atomic<bool>>(mm.vmas.size());
  mm.mmap = arena().row<Shared<Vma*>>(mm.vmas.size());
  // Each fork makes the chains longer by one, and no mm is made by two.
  if (anon_vmas.size() != 0) mm.anon_vma_chains = arena().row<AnonVmaChain>(mm.vmas.size() * config.mms);
  mm.page_tables = arena().row<PageTable>(machine.places());
  for (int table = 0; table < mm.page_tables.size(); ++table) {
    mm.page_tables[table].lock.init(
        {.kind = LockClass::page_table, .owner = as_fact(number), .number = as_fact(table)});
  }
  if (config.mapped == 0 || !born) return;
  for (int window = 0; window < config.windows; ++window)
    insert_initial_vma(*this, mm, window * config.pages, config.pages);
}

void Kernel::init_task(int cpu) {
  Task& task = tasks[cpu];
  Mm& mm = mms[config.mm_of(cpu)];
  task.kernel = this;
  task.cpu = cpu;
  task.held.init(arena().row<LockName>(max_locks_held + (truncates_ ? max_pages_truncated : 0)));
  task.mm = &mm;
  const bool asks_disk = swap.size() != 0 || config.disk != 0;
  task.disk_queue.requests = arena().row<DiskRequest>(asks_disk ? DiskQueue::depth : 0);
  mm.users.add(1, std::memory_order_relaxed);
  if (mm.born.load(std::memory_order_relaxed)) mm.cpumask.set(cpu_bit(cpu), std::memory_order_relaxed);
}

std::uint64_t Kernel::step_limit(const Program& program) const {
  // No operation makes more than a few hundred steps for each page and word that it works on, for each
  // CPU that it may have to wait for; the operations that end a run work on everything.
  const std::uint64_t work = 1U + program.operation_count;
  const auto virtual_pages = static_cast<std::uint64_t>(program.machine.virtual_pages());
  return 1000 + work * (program.machine.cpus + 1U) * (virtual_pages + 4) * 200;
}

// A planted mistake need not say what it touches.
void Kernel::enter() {
  if (defect == Defect::none) footprint.begin();
}

// A thread of an mm that is yet to be forked waits for that.
void Kernel::begin_operation(int cpu) {
  tasks[cpu].failing_allocations = 0;
  Mm& mm = *tasks[cpu].mm;
  const auto is_born = [&mm] {
    const Unwatched looking;
    return mm.born.load(std::memory_order_acquire);
  };
  if (!is_born()) sched.wait_until({.kind = 0xFF}, mm.unborn_threads, is_born, [] {});
}

void Kernel::run_operation(int cpu, const Operation& operation) {
  shootdown::run_operation(tasks[cpu], operation);
}

void Kernel::exit_thread(int cpu) {
  shootdown::exit_thread(tasks[cpu]);
}

// When everything is unmapped, the last CPU syncs every file and drops it from the page cache: what is on the disk then
// is all that is left of the data. On a tmpfs what is dirty stays in the page cache, and is all that is left.
void Kernel::finish(int cpu) {
  Task& current = tasks[cpu];
  reclaim_swap_cache(current);
  for (int i = 0; i < config.files; ++i) {
    AddressSpace& file = files[i];
    fsync_range(current, file, {0, config.pages});
    invalidate_mapping_pages(current, file, {0, config.pages});
  }
}

namespace {

// One interrupt of the CPU, which may be that of a disk. Returns whether more are pending.
bool handle_interrupt(Task& current) {
  if (flush_is_asked_for(current)) {
    handle_flush_interrupt(current);
  } else if (disk_has_answered(current)) {
    handle_disk_interrupt(current);
  }
  return flush_is_asked_for(current) || disk_has_answered(current);
}

}  // namespace

bool Kernel::interrupt(int cpu) {
  footprint.begin_interruption(tasks[cpu]);
  const bool more = handle_interrupt(tasks[cpu]);
  footprint.end_interruption(tasks[cpu]);
  return more;
}

void Kernel::disturb(const Choice& choice) {
  Task& task = tasks[choice.cpu];
  if (choice.kind == Choice::Kind::fail) {
    ++task.failing_allocations;
    return;
  }
  const Task& by = tasks[sched.current()];
  footprint.begin_interruption(by);
  sched.record();
  if (choice.kind == Choice::Kind::evict) {
    machine.evict(choice.cpu, choice.page);
    announce(by.cpu, event::EvictTranslation{.owner = choice.cpu, .page = choice.page});
  } else {
    fill(by, task, choice.page);
  }
  footprint.end_interruption(by);
}

void Kernel::fill(const Task& by, const Task& owner, int page) {
  const Mm& mm = *owner.mm;
  // A CPU that has switched to another address space walks that one.
  const bool loaded = mm.is_loaded_on(owner.cpu, std::memory_order_relaxed);
  const PageWalk walk = loaded ? machine.fill(owner.cpu, mm.number, page) : PageWalk{};
  const EntryFact entry = walk.entry.present() ? entry_fact(walk.entry) : EntryFact{};
  announce(by.cpu, event::FillTranslation{.owner = as_fact(owner.cpu),
                                          .page = as_fact(page),
                                          .entry = entry,
                                          .astray = static_cast<Fact>(walk.astray)});
  also_reads(by, places::of_mm(Places::Kind::cpumask, mm.number));
  also_reads(by, places::table(mm.number, as_fact(machine.place_of(page))));
  also_writes(by, places::entry(mm.number, as_fact(page)));
}

SHOOTDOWN_HARNESS Word Kernel::next_value() {
  return ++last_value;
}

MmuGatherBatch* Kernel::allocate_batch(Task& current, unsigned max) {
  MmuGatherBatch* batch = nullptr;
  act(current, event::AllocateBatch{}, [&](event::AllocateBatch& found) {
    const bool fails = allocation_fails(current);
    zone_lock.add(0, std::memory_order_acq_rel);
    if (!fails && free_batches_ != nullptr) {
      batch = free_batches_;
      free_batches_ = batch->next;
    } else if (!fails && batches_made_ < max_batches) {
      ++batches_made_;
      batch = &arena().make<MmuGatherBatch>();
      batch->encoded_pages = arena().row<std::uintptr_t>(static_cast<int>(max)).begin();
    }
    if (batch != nullptr) ++batches_in_use_;
    zone_lock.add(0, std::memory_order_acq_rel);
    found.allocated = static_cast<Fact>(batch != nullptr);
  });
  return batch;
}

void Kernel::free_batch(Task& current, MmuGatherBatch* batch) {
  act(current, event::FreeBatch{}, [&] {
    zone_lock.add(0, std::memory_order_acq_rel);
    batch->next = free_batches_;
    free_batches_ = batch;
    --batches_in_use_;
    zone_lock.add(0, std::memory_order_acq_rel);
  });
}

}  // namespace shootdown
