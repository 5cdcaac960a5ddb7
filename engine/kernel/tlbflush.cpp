#include "engine/kernel/tlbflush.h"

#include "engine/check.h"
#include "engine/machine/x86.h"
#include "engine/sched/chooser.h"

namespace shootdown {

namespace {

bool has_loaded(const Task& current, const Mm& mm) {
  also_reads(current, places::of_mm(Places::Kind::cpumask, mm.number));
  return mm.is_loaded_on(current.cpu, std::memory_order_acquire);
}

// flush_tlb_func, on the CPU whose TLB it is.
void flush_tlb_func(Task& current, const Task::FlushRequest request) {
  Kernel& kernel = *current.kernel;
  Mm& mm = *current.mm;
  if (request.mm != mm.number && request.mm != Task::FlushRequest::every_mm) return;
  if (!has_loaded(current, mm)) return;
  Machine& machine = kernel.machine;

  if (current.lazy.load(std::memory_order_relaxed)) {
    // switch_mm_irqs_off to init_mm: the cheapest way never to be asked again.
    act(current, event::FlushTranslation{.page = no_fact}, [&] {
      x86::flush_all(machine, current.cpu);
      mm.cpumask.clear(cpu_bit(current.cpu), std::memory_order_acq_rel);
    });
    also_writes(current, places::of_mm(Places::Kind::cpumask, mm.number));
    return;
  }
  const bool is_batch = request.mm == Task::FlushRequest::every_mm;
  if (!is_batch && request.new_tlb_gen <= current.tlb_gen) return;  // an earlier flush went this far
  also_reads(current, places::of_mm(Places::Kind::tlb_generation, mm.number));
  const std::uint64_t mm_tlb_gen = mm.tlb_gen.load(std::memory_order_acquire);
  if (current.tlb_gen == mm_tlb_gen) return;
  current.flushing_to = static_cast<std::uint32_t>(mm_tlb_gen);

  // A partial flush will do only if it is all that this TLB has missed.
  const bool missed_none = request.new_tlb_gen == current.tlb_gen + 1 && request.new_tlb_gen == mm_tlb_gen;
  const bool partial = request.count != 0 && (missed_none || planted(current, Defect::missed_flush_forgotten));
  if (partial) {
    for (int page = request.first; page < request.first + request.count; ++page) {
      act(current, event::FlushTranslation{.page = as_fact(page)},
          [&] { x86::flush_page(machine, current.cpu, page); });
    }
  } else {
    act(current, event::FlushTranslation{.page = no_fact}, [&] { x86::flush_all(machine, current.cpu); });
  }
  current.tlb_gen = mm_tlb_gen;
  current.flushing_to = 0;
}

// inc_mm_tlb_gen: the mm's new generation.
std::uint64_t inc_mm_tlb_gen(Task& current, Mm& mm) {
  std::uint64_t new_tlb_gen = 0;
  act(current, event::RaiseTlbGeneration{.mm = mm.number}, [&](event::RaiseTlbGeneration& found) {
    new_tlb_gen = mm.tlb_gen.fetch_add(1, std::memory_order_acq_rel) + 1;
    found.generation = static_cast<Fact>(new_tlb_gen);
  });
  return new_tlb_gen;
}

// smp_call_function_many_cond: who has to be asked.
CpuMask cpus_to_ask(const Task& current, CpuMask cpumask, bool freed_tables) {
  auto mask = static_cast<CpuMask>(cpumask & ~cpu_bit(current.cpu));
  if (freed_tables) return mask;
  for (CpuMask rest = mask; rest != 0; rest = static_cast<CpuMask>(rest & (rest - 1))) {
    const int cpu = __builtin_ctz(rest);
    const Task& task = current.kernel->tasks[cpu];
    if (task.lazy.load(std::memory_order_relaxed)) mask = static_cast<CpuMask>(mask & ~cpu_bit(cpu));
  }
  return mask;
}

void ask(Task& current, CpuMask mask) {
  Kernel& kernel = *current.kernel;
  act(current, event::SendInterrupt{.cpus = mask}, [&] {
    current.flush_waits_for.store(mask, std::memory_order_release);
    for (CpuMask rest = mask; rest != 0; rest = static_cast<CpuMask>(rest & (rest - 1))) {
      const int cpu = __builtin_ctz(rest);
      kernel.tasks[cpu].flush_asked_by.set(cpu_bit(current.cpu), std::memory_order_acq_rel);
      kernel.sched.post_interrupt(cpu);
    }
  });
}

void wait_for_answers(Task& current) {
  await(
      current, current.flush_done, [&current] { return current.flush_waits_for.load(std::memory_order_relaxed) == 0; },
      [&current] { return event::WaitForFlush{.cpus = current.flush_waits_for.load(std::memory_order_relaxed)}; });
  // What the others did before they answered happened before this.
  SHOOTDOWN_CHECK(current.flush_waits_for.load(std::memory_order_acquire) == 0);
}

// flush_tlb_multi. `local`: this CPU is one of them.
void flush_tlb_multi(Task& current, CpuMask others, bool local) {
  if (others != 0) ask(current, others);
  if (local) {
    current.kernel->sched.disable_interrupts();
    flush_tlb_func(current, current.flush);
    current.kernel->sched.enable_interrupts();
  }
  if (others != 0 && !planted(current, Defect::answers_not_awaited)) wait_for_answers(current);
}

}  // namespace

void flush_tlb_mm_range(Task& current, Mm& mm, int first, int count, bool freed_tables) {
  if (count > tlb_single_page_flush_ceiling) count = 0;
  // Who holds this lock has interrupts off: two CPUs that flush so wait for each other for ever.
  if (current.held.contains(LockClass::i_pages))
    note(current, event::SleepInAtomic{.reason = event::SleepInAtomic::Reason::flush, .subject = mm.number});
  const std::uint64_t new_tlb_gen = inc_mm_tlb_gen(current, mm);
  current.flush = Task::FlushRequest{.mm = mm.number, .first = first, .count = count, .new_tlb_gen = new_tlb_gen};

  also_reads(current, places::of_mm(Places::Kind::cpumask, mm.number));
  const CpuMask others = cpus_to_ask(current, mm.cpumask.load(std::memory_order_acquire), freed_tables);
  flush_tlb_multi(current, others, &mm == current.mm && has_loaded(current, mm));
}

void smp_call_function(Task& current) {
  current.flush = Task::FlushRequest{.mm = Task::FlushRequest::no_mm};
  const CpuMask all = cpus_below(current.kernel->config.cpus);
  flush_tlb_multi(current, static_cast<CpuMask>(all & ~cpu_bit(current.cpu)), false);
}

// --- flushes that are put off ---

namespace {

constexpr unsigned flushed_shift = 16;  // TLB_FLUSH_BATCH_FLUSHED_SHIFT
constexpr std::uint32_t pending_mask = (1U << flushed_shift) - 1;

bool is_settled(std::uint32_t batch) {
  return (batch & pending_mask) == batch >> flushed_shift;
}

// arch_tlbbatch_flush.
void arch_tlbbatch_flush(Task& current, CpuMask cpumask) {
  current.flush = Task::FlushRequest{.mm = Task::FlushRequest::every_mm};
  also_reads(current, {.kind = Places::Kind::lazy, .count = max_cpus});
  flush_tlb_multi(current, cpus_to_ask(current, cpumask, false), (cpumask & cpu_bit(current.cpu)) != 0);
}

}  // namespace

void set_tlb_ubc_flush_pending(Task& current, Mm& mm, bool writable) {
  Task::UnmapBatch& batch = current.tlb_ubc;
  // arch_tlbbatch_add_mm
  inc_mm_tlb_gen(current, mm);
  batch.cpumask = static_cast<CpuMask>(batch.cpumask | mm.cpumask.load(std::memory_order_acquire));
  batch.flush_required = true;
  act(current, event::DeferFlush{.mm = mm.number}, [&](event::DeferFlush& found) {
    found.count = (mm.tlb_flush_batched.fetch_add(1, std::memory_order_acq_rel) + 1) & pending_mask;
    SHOOTDOWN_CHECK(found.count != 0);
  });
  if (writable) batch.writable = true;
}

void try_to_unmap_flush(Task& current) {
  if (!current.tlb_ubc.flush_required) return;
  arch_tlbbatch_flush(current, current.tlb_ubc.cpumask);
  current.tlb_ubc = {};
}

void try_to_unmap_flush_dirty(Task& current) {
  if (current.tlb_ubc.writable) try_to_unmap_flush(current);
}

void flush_tlb_batched_pending(Task& current, Mm& mm) {
  also_reads(current, places::of_mm(Places::Kind::flush_batched, mm.number));
  std::uint32_t batch = mm.tlb_flush_batched.load(std::memory_order_acquire);
  if (is_settled(batch)) return;
  current.flushing_batch = batch;
  flush_tlb_mm_range(current, mm, 0, 0, false);
  act(current, event::SettleFlushes{.mm = mm.number}, [&](event::SettleFlushes& found) {
    const std::uint32_t pending = batch & pending_mask;
    found.settled = static_cast<Fact>(
        mm.tlb_flush_batched.compare_exchange(batch, pending | pending << flushed_shift, std::memory_order_acq_rel));
  });
  current.flushing_batch = 0;
}

// --- kernel threads ---

namespace {

void enter_lazy_tlb(Task& current) {
  act(current, event::EnterLazyMode{.mm = current.mm->number}, [&] {
    current.idle = true;
    current.lazy.store(true, std::memory_order_release);
  });
}

void leave_lazy_tlb(Task& current) {
  act(current, event::LeaveLazyMode{.mm = current.mm->number},
      [&] { current.lazy.store(false, std::memory_order_release); });
}

std::uint64_t read_mm_tlb_gen(Task& current, const Mm& mm) {
  std::uint64_t generation = 0;
  act(current, event::ReadTlbGeneration{.mm = mm.number}, [&](event::ReadTlbGeneration& found) {
    generation = mm.tlb_gen.load(std::memory_order_acquire);
    found.generation = static_cast<Fact>(generation);
  });
  return generation;
}

// To the task's own mm, from a kernel thread. First the CPU is asked for flushes again, then it looks what it has missed.
void switch_mm_irqs_off(Task& current) {
  Mm& mm = *current.mm;
  Machine& machine = current.kernel->machine;
  const bool looks_first = planted(current, Defect::generation_read_in_lazy_mode);
  std::uint64_t next_tlb_gen = looks_first ? read_mm_tlb_gen(current, mm) : 0;
  leave_lazy_tlb(current);
  const bool loaded = has_loaded(current, mm);
  if (!loaded) {
    act(current, event::LoadMm{.mm = mm.number},
        [&] { mm.cpumask.set(cpu_bit(current.cpu), std::memory_order_acq_rel); });
  }
  if (!looks_first) next_tlb_gen = read_mm_tlb_gen(current, mm);
  const bool up_to_date = current.tlb_gen == next_tlb_gen || planted(current, Defect::generation_not_looked_at);
  if (!loaded || !up_to_date) {
    // load_new_mm_cr3
    act(current, event::FlushTranslation{.page = no_fact}, [&] { x86::flush_all(machine, current.cpu); });
    current.tlb_gen = next_tlb_gen;
  }
}

}  // namespace

void run_kernel_thread(Task& current) {
  enter_lazy_tlb(current);
  // An interrupt that came before is the kernel thread's.
  act(current, event::EndKernelThread{}, [] {});
  current.kernel->sched.disable_interrupts();
  switch_mm_irqs_off(current);
  current.idle = false;
  current.kernel->sched.enable_interrupts();
}

bool flush_is_asked_for(const Task& current) {
  return current.flush_asked_by.load(std::memory_order_acquire) != 0;
}

void handle_flush_interrupt(Task& current) {
  Kernel& kernel = *current.kernel;
  const CpuMask asked_by = current.flush_asked_by.load(std::memory_order_acquire);
  const int sender = __builtin_ctz(asked_by);
  Task& asker = kernel.tasks[sender];
  act(current, event::TakeInterrupt{.sender = as_fact(sender)}, [] {});
  flush_tlb_func(current, asker.flush);
  also_writes(current, places::of_cpu(Places::Kind::flush_request, as_fact(sender)));
  current.flush_asked_by.clear(cpu_bit(sender), std::memory_order_acq_rel);
  const CpuMask left =
      asker.flush_waits_for.fetch_and(static_cast<CpuMask>(~cpu_bit(current.cpu)), std::memory_order_acq_rel);
  if (left == cpu_bit(current.cpu)) kernel.sched.wake(asker.flush_done);
}

}  // namespace shootdown
