#include "engine/kernel/tlbflush.h"

#include "engine/check.h"
#include "engine/sched/chooser.h"

namespace shootdown {

namespace {

// flush_tlb_func, on the CPU whose TLB it is.
void flush_tlb_func(Task& current, const Task::FlushRequest request) {
  Kernel& kernel = *current.kernel;
  Mm& mm = *current.mm;
  if (request.mm != mm.number) return;
  Tlb& tlb = kernel.machine.tlb(current.cpu);

  if (current.lazy.load(std::memory_order_relaxed)) {
    // switch_mm_irqs_off to init_mm: the cheapest way never to be asked again.
    act(current, event::FlushTranslation{.page = no_fact}, [&] {
      tlb.drop_all();
      mm.cpumask.clear(cpu_bit(current.cpu), std::memory_order_acq_rel);
    });
    also_writes(current, places::of_mm(Places::Kind::cpumask, mm.number));
    return;
  }
  if (request.new_tlb_gen <= current.tlb_gen) return;  // an earlier flush went this far
  also_reads(current, places::of_mm(Places::Kind::tlb_generation, mm.number));
  const std::uint64_t mm_tlb_gen = mm.tlb_gen.load(std::memory_order_acquire);
  if (current.tlb_gen == mm_tlb_gen) return;

  // A partial flush will do only if it is all that this TLB has missed.
  const bool missed_none = request.new_tlb_gen == current.tlb_gen + 1 && request.new_tlb_gen == mm_tlb_gen;
  const bool partial = request.count != 0 && (missed_none || planted(current, Defect::missed_flush_forgotten));
  if (partial) {
    for (int page = request.first; page < request.first + request.count; ++page) {
      act(current, event::FlushTranslation{.page = as_fact(page)}, [&] { tlb.drop(static_cast<std::uint16_t>(page)); });
    }
  } else {
    act(current, event::FlushTranslation{.page = no_fact}, [&] { tlb.drop_all(); });
  }
  current.tlb_gen = mm_tlb_gen;
}

// smp_call_function_many_cond: who has to be asked.
CpuMask cpus_to_ask(const Task& current, const Mm& mm, bool freed_tables) {
  auto mask = static_cast<CpuMask>(mm.cpumask.load(std::memory_order_acquire) & ~cpu_bit(current.cpu));
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

}  // namespace

void flush_tlb_mm_range(Task& current, Mm& mm, int first, int count, bool freed_tables) {
  if (count > tlb_single_page_flush_ceiling) count = 0;
  // Who holds this lock has interrupts off: two CPUs that flush so wait for each other for ever.
  if (current.held.contains(LockClass::i_pages))
    note(current, event::SleepInAtomic{.reason = event::SleepInAtomic::Reason::flush, .subject = mm.number});
  std::uint64_t new_tlb_gen = 0;
  act(current, event::RaiseTlbGeneration{.mm = mm.number}, [&](event::RaiseTlbGeneration& found) {
    new_tlb_gen = mm.tlb_gen.fetch_add(1, std::memory_order_acq_rel) + 1;
    found.generation = static_cast<Fact>(new_tlb_gen);
  });
  current.flush = Task::FlushRequest{.mm = mm.number, .first = first, .count = count, .new_tlb_gen = new_tlb_gen};

  const CpuMask others = cpus_to_ask(current, mm, freed_tables);
  if (others != 0) ask(current, others);
  also_reads(current, places::of_mm(Places::Kind::cpumask, mm.number));
  if (&mm == current.mm && (mm.cpumask.load(std::memory_order_relaxed) & cpu_bit(current.cpu)) != 0) {
    current.kernel->sched.disable_interrupts();
    flush_tlb_func(current, current.flush);
    current.kernel->sched.enable_interrupts();
  }
  if (others != 0 && !planted(current, Defect::answers_not_awaited)) wait_for_answers(current);
}

bool handle_flush_interrupt(Task& current) {
  Kernel& kernel = *current.kernel;
  const CpuMask asked_by = current.flush_asked_by.load(std::memory_order_acquire);
  if (asked_by == 0) return false;
  const int sender = __builtin_ctz(asked_by);
  Task& asker = kernel.tasks[sender];
  act(current, event::TakeInterrupt{.sender = as_fact(sender)}, [] {});
  flush_tlb_func(current, asker.flush);
  also_writes(current, places::of_cpu(Places::Kind::flush_request, as_fact(sender)));
  current.flush_asked_by.clear(cpu_bit(sender), std::memory_order_acq_rel);
  const CpuMask left =
      asker.flush_waits_for.fetch_and(static_cast<CpuMask>(~cpu_bit(current.cpu)), std::memory_order_acq_rel);
  if (left == cpu_bit(current.cpu)) kernel.sched.wake(asker.flush_done);
  return (asked_by & (asked_by - 1)) != 0 || current.flush_asked_by.load(std::memory_order_acquire) != 0;
}

}  // namespace shootdown
