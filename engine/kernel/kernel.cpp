#include "engine/kernel/kernel.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/kernel/filemap.h"
#include "engine/kernel/mmap.h"
#include "engine/kernel/operations.h"
#include "engine/kernel/tlbflush.h"
#include "engine/kernel/writeback.h"
#include "engine/kernel/zap_engine.h"
#include "engine/sched/listed_schedule.h"
#include "engine/sched/pct.h"

namespace shootdown {

Kernel::Kernel(const ZapEngine& engine_to_run, Observer& observer)
    : engine(engine_to_run), sched(*this), observer_(observer) {
  for (std::size_t i = 0; i < mms.size(); ++i) mms[i].number = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < files.size(); ++i) files[i].number = static_cast<std::uint8_t>(i);
}

std::uint64_t Kernel::step_limit(const Program& program) {
  // No operation makes more than a few hundred steps for each page and word that it works on, for each
  // CPU that it may have to wait for; the operations that end a run work on everything.
  const std::uint64_t work = 1U + program.operation_count;
  const auto pages = static_cast<std::uint64_t>(program.machine.virtual_pages());
  return 1000 + work * (program.machine.cpus + 1U) * (pages + 4) * 200;
}

Outcome Kernel::run(const Program& program, Observer* trace, Chooser* chooser) {
  reset(program);
  trace_ = trace;
  observer_watches_ = observer_.watches();
  trace_watches_ = trace == nullptr ? EventSet() : trace->watches();
  if (chooser != nullptr) return run_with(*chooser);
  if (config.pct_depth != 0) {
    Pct pct(config.pct_seed, config.pct_depth, config.pct_steps);
    return run_with(pct);
  }
  ListedChooser listed(program);
  return run_with(listed);
}

Outcome Kernel::run_with(Chooser& chooser) {
  chooser_ = &chooser;
  chooser_waits_for_ = chooser.waits_for();
  watched_ = observer_watches_ | trace_watches_ | chooser_waits_for_;
  tell_of(event::RunBegins{.cpus = config.cpus});
  const Outcome outcome = sched.run(config.cpus, chooser, step_limit(*program_));
  tell_of(event::RunEnds{.outcome = outcome});
  machine.clear();
  clear_files();
  return outcome;
}

void Kernel::tell(const AnyEvent& event) {
  if (observer_watches_.contains(event.kind)) observer_.happened(event, facts_);
  if (trace_watches_.contains(event.kind)) trace_->happened(event, facts_);
  if (chooser_waits_for_.contains(event.kind) && chooser_->happened(event)) sched.ask_soon();
}

void Kernel::reset(const Program& program) {
  program_ = &program;
  config = program.machine;
  machine.reset(config.cpus, config.tlb, config.mms, config.virtual_pages());
  zone_lock.store(0, std::memory_order_relaxed);
  free_pages = nullptr;
  pages_used = 0;
  last_value = 0;
  threads_left_.store(config.cpus, std::memory_order_relaxed);
  batches_used_ = 0;
  batches_in_use_ = 0;
  free_batches_ = nullptr;
  reset_files();
  reset_mms();
}

void Kernel::clear_files() {
  for (int i = 0; i < config.files; ++i) {
    AddressSpace& file = files[static_cast<std::size_t>(i)];
    for (int index = 0; index < config.pages; ++index) {
      file.slots[index].store(nullptr, std::memory_order_relaxed);
      file.tags[index].store(0, std::memory_order_relaxed);
      for (Atomic<Word>& word : file.disk[index]) word.store(0, std::memory_order_relaxed);
    }
  }
}

void Kernel::reset_files() {
  for (int i = 0; i < config.files; ++i) {
    AddressSpace& file = files[static_cast<std::size_t>(i)];
    file.i_rwsem.reset({.kind = LockClass::inode, .owner = as_fact(i)});
    file.i_mmap_rwsem.reset({.kind = LockClass::i_mmap, .owner = as_fact(i)});
    file.i_pages_lock.reset({.kind = LockClass::i_pages, .owner = as_fact(i)});
    file.i_mmap_count = 0;
  }
}

void Kernel::reset_mms() {
  for (int i = 0; i < config.mms; ++i) {
    Mm& mm = mms[static_cast<std::size_t>(i)];
    mm.mmap_lock.reset({.kind = LockClass::mmap, .owner = as_fact(i)});
    mm.map_count = 0;
    for (Atomic<bool>& used : mm.vma_used) used.store(false, std::memory_order_relaxed);
    const int tables = ((config.virtual_pages() - 1) >> config.table_shift) + 1;
    for (int table = 0; table < tables; ++table) {
      mm.page_tables[table].lock.reset({.kind = LockClass::page_table, .owner = as_fact(i), .number = as_fact(table)});
      mm.page_tables[table].exists.store(false, std::memory_order_relaxed);
      mm.page_tables[table].present = 0;
    }
    mm.users.store(0, std::memory_order_relaxed);
    mm.rss.store(0, std::memory_order_relaxed);
    mm.tlb_flush_pending.store(0, std::memory_order_relaxed);
    mm.tlb_gen.store(1, std::memory_order_relaxed);
    mm.cpumask.store(0, std::memory_order_relaxed);
    if (config.mapped == 0) continue;
    for (int window = 0; window < config.windows; ++window)
      insert_initial_vma(*this, mm, window * config.pages, config.pages);
  }
  for (int cpu = 0; cpu < config.cpus; ++cpu) {
    Task& task = tasks[static_cast<std::size_t>(cpu)];
    Mm& mm = mms[static_cast<std::size_t>(cpu % config.mms)];
    task.kernel = this;
    task.cpu = cpu;
    task.mm = &mm;
    task.exited = false;
    task.tlb_gen = 1;
    task.lazy.store(false, std::memory_order_relaxed);
    task.held.clear();
    task.failing_allocations = 0;
    task.flush_waits_for.store(0, std::memory_order_relaxed);
    task.flush_asked_by.store(0, std::memory_order_relaxed);
    task.flush_done.reset();
    mm.users.fetch_add(1, std::memory_order_relaxed);
    mm.cpumask.fetch_or(cpu_bit(cpu), std::memory_order_relaxed);
  }
}

void Kernel::run_cpu(int cpu) {
  Task& current = tasks[static_cast<std::size_t>(cpu)];
  for (int i = 0; i < program_->operation_count && !current.exited; ++i) {
    const Operation& operation = program_->operations[static_cast<std::size_t>(i)];
    if (operation.cpu != cpu) continue;
    begin_operation(current, i);
    run_operation(current, operation);
  }
  if (!current.exited) {
    begin_operation(current, -1);
    exit_thread(current);
  }
  if (threads_left_.fetch_sub(1, std::memory_order_acq_rel) == 1) finish_run(current);
}

void Kernel::begin_operation(Task& current, int number) {
  sched.begin_operation(number);
  current.failing_allocations = 0;
  note(current, event::OperationBegins{.operation = number < 0 ? no_fact : as_fact(number)});
}

// When everything is unmapped, the last CPU syncs every file and drops it from the page cache: what is
// on the disk then is all that is left of the data.
void Kernel::finish_run(Task& current) {
  begin_operation(current, -1);
  for (int i = 0; i < config.files; ++i) {
    AddressSpace& file = files[static_cast<std::size_t>(i)];
    fsync_range(current, file, {0, config.pages});
    invalidate_mapping_pages(current, file, {0, config.pages});
  }
}

bool Kernel::interrupt(int cpu) {
  return handle_flush_interrupt(tasks[static_cast<std::size_t>(cpu)]);
}

void Kernel::disturb(const Choice& choice) {
  Task& task = tasks[choice.cpu];
  if (choice.kind == Choice::Kind::fail) {
    ++task.failing_allocations;
    return;
  }
  const int by = sched.current();
  sched.record();
  if (choice.kind == Choice::Kind::evict) {
    machine.tlb(choice.cpu).drop(choice.page);
    announce(by, event::EvictTranslation{.owner = choice.cpu, .page = choice.page});
    return;
  }
  // A CPU that has switched to another address space walks that one.
  const bool loaded = (task.mm->cpumask.load(std::memory_order_relaxed) >> choice.cpu & 1U) != 0;
  const bool filled = loaded && machine.fill(choice.cpu, task.mm->number, choice.page);
  const EntryFact entry = filled ? entry_fact(machine.read_pte(task.mm->number, choice.page)) : EntryFact{};
  announce(by, event::FillTranslation{.owner = choice.cpu, .page = choice.page, .entry = entry});
}

SHOOTDOWN_HARNESS Word Kernel::next_value() {
  return ++last_value;
}

MmuGatherBatch* Kernel::allocate_batch(Task& current) {
  MmuGatherBatch* batch = nullptr;
  act(current, event::AllocateBatch{}, [&](event::AllocateBatch& found) {
    const bool fails = current.failing_allocations != 0;
    if (fails) --current.failing_allocations;
    zone_lock.exchange(0, std::memory_order_acq_rel);
    if (!fails && free_batches_ != nullptr) {
      batch = free_batches_;
      free_batches_ = batch->next;
    } else if (!fails && batches_used_ < static_cast<int>(batches_.size())) {
      MmuGatherPage& page = batches_[static_cast<std::size_t>(batches_used_++)];
      page.batch.encoded_pages = page.room;
      batch = &page.batch;
    }
    if (batch != nullptr) ++batches_in_use_;
    zone_lock.exchange(0, std::memory_order_acq_rel);
    found.allocated = static_cast<Fact>(batch != nullptr);
  });
  return batch;
}

void Kernel::free_batch(Task& current, MmuGatherBatch* batch) {
  act(current, event::FreeBatch{}, [&] {
    zone_lock.exchange(0, std::memory_order_acq_rel);
    batch->next = free_batches_;
    free_batches_ = batch;
    --batches_in_use_;
    zone_lock.exchange(0, std::memory_order_acq_rel);
  });
}

}  // namespace shootdown
