#include "engine/kernel/facts.h"

#include "engine/kernel/filemap.h"
#include "engine/kernel/kernel.h"
#include "engine/kernel/texts.h"
#include "engine/kernel/zap_engine.h"

namespace shootdown {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

EventSet KernelFacts::events_sent() const {
  return kernel_.engine.sends();
}

const MachineConfig& KernelFacts::machine_config() const {
  return kernel_.config;
}

std::uint64_t KernelFacts::steps_of_operation() const {
  return kernel_.sched.steps_of_operation();
}

std::uint64_t KernelFacts::steps_made() const {
  return kernel_.sched.steps();
}

unsigned KernelFacts::unfinished_cpus() const {
  return kernel_.sched.unfinished();
}

int KernelFacts::frames() const {
  return kernel_.pages_used;
}

FrameFacts KernelFacts::frame_facts(Fact frame) const {
  const Page& page = kernel_.pages[frame];
  const Page& folio = *page.folio();
  const bool uncounted = frame >= as_fact(kernel_.page_count());
  const PageFact whole = page_fact(kernel_, &folio, folio.folio_pages.load(relaxed));
  return {.flags = folio.flags.load(relaxed),
          .refcount = folio.refcount.load(relaxed),
          .mapcount = folio.mapcount.load(relaxed),
          .entries = uncounted ? 0 : entries_to(kernel_, &folio),
          .page = whole.pages == 1 ? whole : page_fact(kernel_, &page, 1),
          .folio = whole,
          .anonymous = folio.anon_vma.load(relaxed) != nullptr,
          .uncounted = uncounted,
          .of_device = kernel_.is_device_private_page(&page)};
}

Fact KernelFacts::frame_word(Fact frame, int word) const {
  return kernel_.machine.frame(static_cast<FrameNumber>(frame)).words[word].load(relaxed);
}

Fact KernelFacts::page_stride() const {
  return sizeof(Page);
}

Fact KernelFacts::page_array_length() const {
  return as_fact(kernel_.machine.frame_count());
}

int KernelFacts::files() const {
  return kernel_.files.size();
}

Fact KernelFacts::cached_frame(int file, int index) const {
  Page* const folio = kernel_.files[file].slots[index].load(relaxed);
  return folio == nullptr ? no_fact : kernel_.pfn(file_page(folio, index));
}

Fact KernelFacts::cache_tags(int file, int index) const {
  return kernel_.files[file].tags[index].load(relaxed);
}

Fact KernelFacts::disk_word(int file, int index, int word) const {
  return kernel_.files[file].disk[index].words[word].load(relaxed);
}

EntryFact KernelFacts::entry(int mm, int page) const {
  return entry_fact(kernel_.machine.read_pte(mm, page));
}

long KernelFacts::rss(int mm, RssKind kind) const {
  return kernel_.mms[mm].rss[kind].load(relaxed);
}

int KernelFacts::swap_slots() const {
  return kernel_.swap.size();
}

int KernelFacts::swap_users(int slot) const {
  return kernel_.swap.slots[slot].map.load(relaxed) & static_cast<std::uint8_t>(~SwapSlot::has_cache);
}

int KernelFacts::flushes_pending(int mm) const {
  int pending = kernel_.mms[mm].tlb_flush_pending.load(relaxed);
  for (const Task& task : kernel_.tasks) pending += static_cast<int>(task.tlb_ubc.flush_required);
  return pending;
}

bool KernelFacts::page_table_locked(int mm) const {
  for (int cpu = 0; cpu < kernel_.config.cpus; ++cpu) {
    if (kernel_.tasks[cpu].held.contains(LockClass::page_table, as_fact(mm))) return true;
  }
  return false;
}

int KernelFacts::page_tables(int mm) const {
  return kernel_.mms[mm].page_tables.size();
}

int KernelFacts::present_entries(int mm, int table) const {
  return kernel_.mms[mm].page_tables[table].present;
}

int KernelFacts::mm_of(int cpu) const {
  return kernel_.tasks[cpu].mm->number;
}

// What is plain there, only the CPU itself reads in the kernel.
SHOOTDOWN_HARNESS bool KernelFacts::is_lazy(int cpu) const {
  const Task& task = kernel_.tasks[cpu];
  if (!task.idle) return task.lazy.load(relaxed);
  // When it comes back, it looks whether it has missed any.
  return !task.mm->is_loaded_on(cpu, relaxed) || task.tlb_gen != task.mm->tlb_gen.load(relaxed);
}

int KernelFacts::tlb_size(int cpu) const {
  return kernel_.machine.tlb(cpu).size();
}

TlbFact KernelFacts::tlb_entry(int cpu, int number) const {
  const TlbEntry& entry = kernel_.machine.tlb(cpu).begin()[number];
  return entry.fact(kernel_.machine.generation(entry.frame));
}

bool KernelFacts::would_go_astray(int cpu, int page) const {
  const Mm& mm = *kernel_.tasks[cpu].mm;
  return mm.is_loaded_on(cpu, relaxed) && kernel_.machine.would_go_astray(cpu, mm.number, page);
}

bool KernelFacts::will_fail_to_allocate(int cpu) const {
  return kernel_.tasks[cpu].failing_allocations != 0;
}

std::string_view KernelFacts::text(TextFact text) const {
  return kernel_texts[text.number];
}

int KernelFacts::batches_in_use() const {
  return kernel_.batches_in_use();
}

}  // namespace shootdown
